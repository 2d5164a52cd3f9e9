class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: the mugen jumps and then dies
