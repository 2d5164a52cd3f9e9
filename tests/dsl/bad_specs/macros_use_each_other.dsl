class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define one(a) = next two(a)
define two(a) = next one(a)
