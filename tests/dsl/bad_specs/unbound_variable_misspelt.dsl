class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists player: mugen { jumping(plaier) }
