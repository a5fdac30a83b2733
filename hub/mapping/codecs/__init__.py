"""The codecs by name: the whole list, nothing is found by magic. One small file per family."""

from collections.abc import Mapping

from hub.mapping.codecs import dates, instants, money, phone, reference, text, words
from hub.mapping.codecs.codec import CodecKind

KINDS: Mapping[str, CodecKind] = {
    kind.name: kind
    for kind in (
        text.TEXT,
        text.EMAIL,
        text.POSTAL_CODE,
        dates.DATE,
        instants.INSTANT,
        instants.WALL_TIME,
        money.MONEY,
        phone.PHONE,
        words.CODE,
        words.BOOLEAN,
        words.INTEGER,
        reference.REFERENCE,
    )
}
