class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule popular(a) :- walking(a), count b { touching(b, a) and popular(b) } >= 2.
