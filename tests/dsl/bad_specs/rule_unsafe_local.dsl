class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule alone(a) :- walking(a), not touching(a, b).
