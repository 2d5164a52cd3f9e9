// Learn the game CoinRun from captions alone:  nesy train examples/coinrun.dsl   (needs pip install 'nesy[coinrun]')
// Nobody here made this world: pictures are drawn by the game's own engine, objects are read from its state.
domain coinrun

class player, coin, saw, enemy, crate, lava

// of an object in a frame
unary standing, walking, jumping, falling, facing_left, facing_right

// of an ordered pair of objects in a frame
binary above, below, near, touching, on, collecting, killing

// What everyone knows and no caption says. Free variables stand for all objects.
constraint always (
  player(x) and visible(x) -> standing(x) or walking(x) or jumping(x) or falling(x)
)
constraint always (walking(x) -> not (standing(x) or jumping(x) or falling(x)))
constraint always (standing(x) -> not (jumping(x) or falling(x)))
constraint always (jumping(x) -> not falling(x))
constraint always (standing(x) or jumping(x) or falling(x) -> player(x))
constraint always (walking(x) -> player(x) or enemy(x))
constraint always not (facing_left(x) and facing_right(x))
constraint always (above(x, y) <-> below(y, x))
constraint always (near(x, y) <-> near(y, x))
constraint always (touching(x, y) <-> touching(y, x))
constraint always (touching(x, y) -> near(x, y))
constraint always (on(x, y) -> player(x) and crate(y) and not (jumping(x) or falling(x)))
constraint always (collecting(x, y) -> player(x) and coin(y))
constraint always (killing(x, y) -> player(y) and (saw(x) or enemy(x) or lava(x)))

// Ask it of any clip:  nesy query leap graph.json
spec leap: exists p: player, s: saw { walking(p) then above(p, s) then walking(p) }

data "coinrun" { clips: 800, frames: 32 }
captions from data { extractor: "rules" }
perception "tiny" { }
train {
  epochs: 30,
  batch: 16,
  loss: { alignment: 0.1, discrimination: 1, semantic: 0.1, words: 0.1 }
}
