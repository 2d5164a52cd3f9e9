class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule same(a, a) :- touching(a, a).
