class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define hunts(a, b)
