class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec : exists m: mugen { jumping(m) }
