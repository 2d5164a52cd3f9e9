class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec hunt = exists m: mugen { jumping(m) }
