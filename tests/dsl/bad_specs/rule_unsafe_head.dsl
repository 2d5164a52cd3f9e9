class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule idle(a) :- not walking(a).
