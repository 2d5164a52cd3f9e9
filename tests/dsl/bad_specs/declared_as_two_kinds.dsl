class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

unary coin
