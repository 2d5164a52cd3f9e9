class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { jumping(m)
spec b: exists m: mugen { dead(m) }
