class coin gem
spec a: exists c: coin, g: gem { visible(c) and visible(g) }
