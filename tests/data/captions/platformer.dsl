// The names of the platformer part of the gold set: those of the built-in dataset.
domain platformer

class     mugen, coin, gem, crate, ladder, snail, worm, mouse, frog, slime, bee, bat
unary     walking, running, standing, jumping, falling, landing, climbing, turning
unary     facing_left, facing_right, shielded, dead
binary    above, below, near, touching, on, approaching, collecting, stomping, killing, chasing
