// Learn who does what in a platform game, from captions alone:  nesy train examples/platformer.dsl
domain platformer

class mugen, coin, gem, crate, ladder, snail, worm, mouse, frog, slime, bee, bat

// of an object in a frame
unary walking, running, standing, jumping, falling, landing, climbing, turning
unary facing_left, facing_right, shielded, dead

// of an ordered pair of objects in a frame
binary above, below, near, touching, on, approaching, collecting, stomping, killing, chasing

define monster(x) = snail(x) or worm(x) or mouse(x) or frog(x) or slime(x) or bee(x) or bat(x)

// What everyone knows and no caption says. Free variables stand for all objects.
constraint always (
  mugen(x) and visible(x)
  -> walking(x)
  or running(x)
  or standing(x)
  or jumping(x)
  or falling(x)
  or landing(x)
  or climbing(x)
  or turning(x)
  or dead(x)
)
constraint always (
  walking(x)
  -> not (
    running(x)
    or standing(x)
    or jumping(x)
    or falling(x)
    or landing(x)
    or climbing(x)
    or turning(x)
    or dead(x)
  )
)
constraint always (
  running(x)
  -> not (
    standing(x) or jumping(x) or falling(x) or landing(x) or climbing(x) or turning(x) or dead(x)
  )
)
constraint always (
  standing(x)
  -> not (jumping(x) or falling(x) or landing(x) or climbing(x) or turning(x) or dead(x))
)
constraint always (
  jumping(x) -> not (falling(x) or landing(x) or climbing(x) or turning(x) or dead(x))
)
constraint always (falling(x) -> not (landing(x) or climbing(x) or turning(x) or dead(x)))
constraint always (landing(x) -> not (climbing(x) or turning(x) or dead(x)))
constraint always (climbing(x) -> not (turning(x) or dead(x)))
constraint always (turning(x) -> not dead(x))
constraint always (mugen(x) and visible(x) -> facing_left(x) or facing_right(x) or dead(x))
constraint always not (facing_left(x) and facing_right(x))
constraint always (facing_left(x) or facing_right(x) or shielded(x) -> mugen(x) and not dead(x))
constraint always (walking(x) or running(x) or standing(x) or jumping(x) or falling(x) -> mugen(x))
constraint always (landing(x) or climbing(x) or turning(x) -> mugen(x))
constraint always (dead(x) -> mugen(x) or monster(x))
constraint always (dead(x) -> always (visible(x) -> dead(x)))
constraint always (above(x, y) <-> below(y, x))
constraint always (near(x, y) <-> near(y, x))
constraint always (touching(x, y) <-> touching(y, x))
constraint always (touching(x, y) -> near(x, y))
constraint always (on(x, y) -> touching(x, y) and mugen(x) and (crate(y) or ladder(y)))
constraint always (collecting(x, y) -> mugen(x) and (coin(y) or gem(y)))
constraint always (stomping(x, y) -> mugen(x) and dead(y))
constraint always (killing(x, y) or chasing(x, y) -> monster(x) and mugen(y))
constraint always (killing(x, y) -> dead(y))
constraint always (chasing(x, y) or approaching(x, y) -> not dead(x))
constraint always not (approaching(x, y) and touching(x, y))
constraint always not (above(x, y) and above(y, x))

// Two specs to ask of any clip:  nesy query 'exists m: mugen { ... }' graph.json
spec hunt: exists m: mugen, s: snail { jumping(m) and above(m, s) then stomping(m, s) }
spec greed: exists m: mugen, c: coin, b: bee { chasing(b, m) then collecting(m, c) }

data "platformer" { clips: 700, frames: 24, size: 64 }
captions from data { extractor: "rules" }
perception "tiny" { proposals: true }
train {
  epochs: 30,
  batch: 16,
  loss: { alignment: 0.1, discrimination: 1, semantic: 0.1, words: 0.1 }
}
