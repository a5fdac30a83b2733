// The board works without this file. With it, today's board keeps itself current while nobody is in the middle of something.
"use strict";

const EVERY_MS = 60_000;
const date = document.getElementById("date");
const isToday = document.querySelector("[aria-current=date]") !== null;

const inUse = () =>
  document.hidden || document.activeElement === date || document.querySelector(":popover-open") !== null;

if (isToday) {
  setInterval(() => inUse() || location.reload(), EVERY_MS);
}
