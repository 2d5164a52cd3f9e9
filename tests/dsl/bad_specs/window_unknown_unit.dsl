class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { eventually[2 frames, 3 frames] jumping(m) }
