// Learn BabyAI's grid world from its missions alone:  nesy train examples/babyai.dsl   (needs pip install 'nesy[babyai]')
// The mission ("put the red ball next to a key, then open the door") is the caption; BabyAI's own bot carries it out.
domain babyai

class agent, ball, box, door, key

// of an object in a frame
unary red, green, blue, purple, yellow, grey, open, closed, locked, carried

// of an ordered pair of objects in a frame; the last four are of the agent, as in "the ball on your left"
binary facing, carrying, next_to, ahead_of, behind, to_left, to_right

// What everyone knows and no mission says. Free variables stand for all objects.
constraint always (red(x) -> not (green(x) or blue(x) or purple(x) or yellow(x) or grey(x)))
constraint always (green(x) -> not (blue(x) or purple(x) or yellow(x) or grey(x)))
constraint always (blue(x) -> not (purple(x) or yellow(x) or grey(x)))
constraint always (purple(x) -> not (yellow(x) or grey(x)))
constraint always (yellow(x) -> not grey(x))
constraint always (
  ball(x) or box(x) or door(x) or key(x)
  -> red(x) or green(x) or blue(x) or purple(x) or yellow(x) or grey(x)
)
constraint always (open(x) -> not (closed(x) or locked(x)))
constraint always (closed(x) -> not locked(x))
constraint always (door(x) <-> open(x) or closed(x) or locked(x))
constraint always (facing(x, y) -> agent(x) and not agent(y))
constraint always (carrying(x, y) -> agent(x) and (ball(y) or box(y) or key(y)))
constraint always (carrying(x, y) -> carried(y))
constraint always (next_to(x, y) <-> next_to(y, x))
constraint always (ahead_of(x, y) or behind(x, y) or to_left(x, y) or to_right(x, y) -> agent(y))
constraint always not (ahead_of(x, y) and behind(x, y))
constraint always not (to_left(x, y) and to_right(x, y))

// Ask it of any clip:  nesy query tidy graph.json
spec tidy: exists m: agent, b: ball, x: box { carrying(m, b) then next_to(b, x) }

data "babyai" { clips: 800, levels: "rooms", frames: 32 }
captions from data { extractor: "rules" }
perception "tiny" { }
train {
  epochs: 40,
  batch: 16,
  loss: { alignment: 0.1, discrimination: 1, semantic: 0.1, words: 0.1 }
}
