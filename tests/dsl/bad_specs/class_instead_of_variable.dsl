class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: jumping(mugen)
