class coin,, gem
unary walking(a)
binary above

spec a exists m: coin { walking(m) }
spec b: exists m: coin { above(m, m) }
spec c: exists m: coin { above(m) }
spec d: exists m: coin { eventually[2] above(m, m) }
