class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: all m: mugen { jumping(m) }
