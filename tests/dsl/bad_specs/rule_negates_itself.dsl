class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule odd(a) :- walking(a), next not odd(a).
