class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule collects(a, c).
