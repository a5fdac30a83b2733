"""Two-way field mappings: one YAML table per record kind, read by `decode` and written by `encode` (design: idea 5).

Pure: text in, closures out. The grammar on one page is mappings/README.md.

The laws, tested for every codec and every shipped table (N is the codec's normal form: an instant's wall time that a
clock change repeats means the earlier one, a phone number is E.164, text is trimmed and composed, a full name is its
words divided before the last):

1. decode(encode(x)) == N(x), and N(N(x)) == N(x).
2. encode(decode(v)) is stable: with w = encode(decode(v)), encode(decode(w)) == w.
3. encode(x, onto=v) leaves every part of v alone that the table does not name, and changes nothing where v already
   says x in any of the ways the table can read.
4. Whatever the vendor sends, decode raises nothing: it answers with problems, which never hold a personal value or free
   text, by the PHI class of the canonical field.
5. By write mode: `if_empty` changes nothing that is there, `if_new` nothing of a record that is there; after `append`
   both are there, and a second time changes nothing.
6. Of a record that is split: writing into one part leaves the others as they are, and each reads back by its key. A
   table whose fields stand beside the parts as well is not pushed (`split_writing`).
7. A record that joins another one is of whom its key names, and writing never changes whose it is.
"""
