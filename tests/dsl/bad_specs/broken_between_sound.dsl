class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { jumpin(m) }
spec b: exists m: mugen { jumping(m }
spec c: exists m: mugan { jumping(m) }
