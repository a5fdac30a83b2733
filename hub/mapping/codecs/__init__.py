"""The codecs by name: the whole list, nothing is found by magic. One small file per family."""

from collections.abc import Mapping

from hub.mapping.codecs import dates, instants, lists, money, names, numbers, phone, reference, text, wall_times, words
from hub.mapping.codecs.codec import CodecKind

KINDS: Mapping[str, CodecKind] = {
    kind.name: kind
    for kind in (
        text.TEXT,
        text.EMAIL,
        text.POSTAL_CODE,
        dates.DATE,
        instants.INSTANT,
        wall_times.WALL_TIME,
        money.MONEY,
        money.MONEY_PARTS,
        money.SIGNED_MONEY,
        money.BALANCE,
        phone.PHONE,
        phone.PHONE_PARTS,
        words.CODE,
        words.BOOLEAN,
        words.INTEGER,
        numbers.MINUTES,
        numbers.QUANTITY,
        lists.LIST,
        names.FULL_NAME,
        names.JOINED,
        names.VERSIONED,
        reference.REFERENCE,
    )
}
