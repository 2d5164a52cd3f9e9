class mugen
unary jumping

spec inner: exists m: mugen { jumpig(m) }
constraint always not (jumping(x) and
