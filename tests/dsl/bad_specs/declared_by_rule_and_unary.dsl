class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule walking(a) :- touching(a, b).
