class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec hunt { jumping(m) }
