"""The Tensor Brain: one tied column per index, read bottom-up and written top-down through a representation layer.

Tresp et al., "The Tensor Brain: a unified theory of perception, memory and semantic decoding" (Neural Computation 35,
2023; arXiv 2109.13392) and "The Tensor Brain" (arXiv 2001.11027). Shapes: B statements, D representation, H context.

    measure    n_k = a_k . gamma(q), softmax over a candidate set
    feed back  q <- alpha q + beta a_k
    evolve     (q, h) -> (q', h')
    decode     time -> subject -> its labels -> object -> its labels -> predicate
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from nesy.errors import NesyError
from nesy.memory.brain.indices import Candidates, Group
from nesy.memory.brain.scores import Act, Evolution, Evolve, Mode, Score, activate, one_of, scores
from nesy.memory.brain.statement import UNKNOWN, Decoded, Features, Statements

TIME, PREDICATE = "time", "predicate"
NOTHING = Features()


class TensorBrain(nn.Module):
    """Indices with embeddings, and the one chain that perceives, remembers and generalises.

    Args:
        groups: names of the indices of every group; `predicate` is required, `time` is added when missing.
        reserve: rows kept free in a group for indices written later.
        subjects: groups that compete for the subject and the object slot; a group in neither this nor {time,
            predicate} is a label group.
        inputs: width F of the features of the scene and of boxes; none for a brain without senses.
        width, context: D and H.
        act, score, evolution: see :mod:`nesy.memory.brain.scores`.
        gates: (alpha, beta) of the feedback; (1, 1) accumulates, (0, 1) collapses onto the column.
        feedback: False leaves the top-down step out (a plain classifier).
        dropout: share of the activations left out before every measurement while in training mode (``brain.train()``).
        temperature: learn one inverse temperature per candidate set; None: with ``act="centred"`` only.
    """

    def __init__(
        self,
        groups: Mapping[str, Sequence[str]],
        *,
        reserve: Mapping[str, int] | None = None,
        subjects: Sequence[str] = ("entity",),
        inputs: int | None = None,
        width: int = 128,
        context: int = 128,
        act: Act = "centred",
        score: Score = "plain",
        evolution: Evolution = "context",
        gates: tuple[float, float] = (1.0, 1.0),
        feedback: bool = True,
        dropout: float = 0.0,
        temperature: bool | None = None,
    ) -> None:
        super().__init__()
        one_of(act, Act, "activation")
        one_of(score, Score, "score")
        one_of(evolution, Evolution, "evolution")
        names = {TIME: (), **groups}
        reserve = dict(reserve or {})
        for role in (PREDICATE, *subjects, *reserve):
            if role not in names:
                raise NesyError(f"the brain has no group `{role}`", expected=sorted(names))
        self.options: dict[str, object] = {
            "subjects": list(subjects), "inputs": inputs, "width": width, "context": context, "act": act,
            "score": score, "evolution": evolution, "gates": list(gates), "feedback": feedback,
            "dropout": dropout, "temperature": temperature,
        }  # fmt: skip
        self.groups = {role: Group(role, list(ns), reserve.get(role, 0)) for role, ns in names.items()}
        self.subjects = tuple(subjects)
        self.labels = tuple(r for r in self.groups if r not in (TIME, PREDICATE, *self.subjects))
        self.width, self.context = width, context
        self.act: Act = act
        self.score: Score = score
        self.gates, self.feeds_back = gates, feedback
        self.drop = nn.Dropout(dropout)
        self.columns = nn.ParameterDict(
            {role: nn.Parameter(2 * width**-0.5 * torch.randn(g.capacity, width)) for role, g in self.groups.items()}
        )
        self.semantic = nn.Parameter(torch.zeros(width))
        learned = act == "centred" if temperature is None else temperature
        sets = (TIME, "subject", PREDICATE, *self.labels)
        self.log_scale = nn.ParameterDict({s: nn.Parameter(torch.zeros(()), requires_grad=learned) for s in sets})
        self.evolution = Evolve(width, context, act, evolution)
        self.see_scene = None if inputs is None else nn.Linear(inputs, width)
        self.see_box = None if inputs is None else nn.Linear(inputs, width)

    # -- the three moves ------------------------------------------------------------------------------------------

    def bank(self, roles: str | Iterable[str]) -> Tensor:
        """The columns [K, D] of one group or of several side by side."""
        if isinstance(roles, str):
            column: Tensor = self.columns[roles]
            return column
        return torch.cat([self.columns[r] for r in roles])

    def candidates(self, roles: str | Iterable[str]) -> Candidates:
        """The candidate set of one group or of several side by side."""
        return Candidates(self.groups, (roles,) if isinstance(roles, str) else roles)

    def scale(self, roles: str | Iterable[str]) -> Tensor:
        """The inverse temperature of a candidate set."""
        role = roles if isinstance(roles, str) else ("subject" if tuple(roles) == self.subjects else next(iter(roles)))
        key = "subject" if role in self.subjects else role
        scale: Tensor = self.log_scale[key].exp()
        return scale

    def measure(self, q: Tensor, roles: str | Iterable[str], *, only: Tensor | None = None) -> Tensor:
        """Bottom-up scores [B, K] of state q [B, D] over a candidate set; softmax of them is P(index | q).

        ``only`` (bool [K]) restricts the set further: to ask "which colour?" is to measure among the colours.

        Raises:
            NesyError: no index of the set is in use, so that there is nothing to choose from.
        """
        roles = roles if isinstance(roles, str) else tuple(roles)
        n = self.scale(roles) * scores(self.drop(activate(q, self.act)), self.bank(roles), self.score)
        used = self.candidates(roles).used()
        if not bool(used.any()):  # softmax would make NaN of it, and of every state after
            named = roles if isinstance(roles, str) else " or ".join(roles)
            raise NesyError(f"the brain has no {named} yet", hint="name some when it is built, or learn one")
        used = used.to(n.device)
        return n.masked_fill(~(used if only is None else used & only), -torch.inf)

    def feedback(
        self,
        q: Tensor,
        logits: Tensor,
        roles: str | Iterable[str],
        mode: Mode = "attend",
        *,
        target: Tensor | None = None,
        gates: tuple[float, float] | None = None,
        sharpen: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Top-down: q <- alpha q + beta a_k; returns the new state and the positions k [B].

        sample draws k, argmax takes the best, teacher takes ``target``, and attend adds the expected column
        sum_k softmax(sharpen n)_k a_k, which is the mean of sample. An open target (-1) is attended.
        """
        one_of(mode, Mode, "feedback mode")
        bank = self.bank(roles)
        if mode == "sample":
            k = torch.multinomial((sharpen * logits).softmax(-1), 1, generator=generator)[:, 0]
        elif mode == "teacher":
            if target is None:
                raise NesyError("feedback mode `teacher` needs the target indices")
            k = target
        else:
            k = logits.argmax(-1)
        if mode == "attend":
            column = (sharpen * logits).softmax(-1) @ bank
        else:
            column = bank[k.clamp_min(0)]
            if mode == "teacher" and bool((k == UNKNOWN).any()):
                mixed = (sharpen * logits).softmax(-1) @ bank
                column = torch.where((k == UNKNOWN)[:, None], mixed, column)
                k = torch.where(k == UNKNOWN, logits.argmax(-1), k)
        alpha, beta = self.gates if gates is None else gates
        return alpha * q + beta * column, k

    def evolve(self, q: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the dynamic context: (q [B, D], h [B, H]) -> (q', h')."""
        moved: tuple[Tensor, Tensor] = self.evolution(q, h)
        return moved

    def encode(self, *, scene: Tensor | None = None, box: Tensor | None = None) -> Tensor | float:
        """g(v): features [B, F], brought to root mean square 1, to additions to the state; 0 where nothing is seen."""
        total: Tensor | float = 0.0
        for x, see in ((scene, self.see_scene), (box, self.see_box)):
            if x is not None:
                if see is None:
                    raise NesyError("this brain has no senses", hint="build it with inputs=<width of the features>")
                if x.shape[-1] != see.in_features:
                    raise NesyError(f"features of width {x.shape[-1]}, but the brain sees {see.in_features}")
                total = total + see(x / x.square().mean(-1, keepdim=True).add(1e-12).sqrt())
        return total

    # -- the chain ------------------------------------------------------------------------------------------------

    def start(self, batch: int) -> Tensor:
        """The empty state q = 0, [B, D]."""
        return self.semantic.new_zeros(batch, self.width)

    def decode(
        self,
        q: Tensor,
        seen: Features = NOTHING,
        *,
        mode: Mode = "attend",
        given: Statements | None = None,
        labels: Sequence[str] = (),
        time: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Decoded:
        """Decode one statement per row from the scene's state q_T [B, D].

        Args:
            seen: features of the boxes; none in memory, where the same chain runs without senses.
            given: clamped indices for mode ``teacher``; -1 leaves a slot open.
            labels: label groups read out (not fed back) after the subject and after the object.
            time: scores of the time measurement, passed through to the result.
        """
        feed = {"mode": mode, "generator": generator}
        gates = None if self.feeds_back else (1.0, 0.0)
        h = q.new_zeros(len(q), self.context)
        sides: list[tuple[Tensor, Tensor, dict[str, Tensor]]] = []
        scene = q
        for box, clamp in ((seen.subject, given and given.subject), (seen.object, given and given.object)):
            q, h = self.evolve(q, h)
            q = q + self.encode(box=box)
            n = self.measure(q, self.subjects)
            q, k = self.feedback(q, n, self.subjects, target=clamp, gates=gates, **feed)  # type: ignore[arg-type]
            sides.append((n, k, {g: self.measure(q, g) for g in labels}))
        q, h = self.evolve(q, h)
        q = q + self.encode(box=seen.union)
        n = self.measure(q, PREDICATE)
        _, k = self.feedback(q, n, PREDICATE, target=given and given.predicate, gates=gates, **feed)  # type: ignore[arg-type]
        (n_s, s, labels_s), (n_o, o, labels_o) = sides
        chosen = Statements(s, o, k, None if time is None else time.argmax(-1))
        return Decoded(time, n_s, n_o, n, labels_s, labels_o, chosen, scene)

    def perceive(
        self,
        seen: Features,
        *,
        mode: Mode = "attend",
        given: Statements | None = None,
        labels: Sequence[str] = (),
        recognise: bool = False,
        generator: torch.Generator | None = None,
    ) -> Decoded:
        """Decode the statement that a scene shows.

        ``recognise`` feeds the remembered time that the scene resembles back into it before the statement is decoded;
        right for scenes that were met before, a disturbance for new ones.
        """
        if seen.scene is None:
            raise NesyError("perception needs the features of the scene")
        q = self.start(len(seen.scene)) + self.encode(scene=seen.scene)
        times = self.measure(q, TIME) if len(self.groups[TIME]) else None
        if recognise and times is not None:
            target = None if given is None else given.time
            q, _ = self.feedback(
                q, times, TIME, mode if mode != "teacher" or target is not None else "attend", target=target
            )
        return self.decode(q, seen, mode=mode, given=given, labels=labels, time=times, generator=generator)

    def joint(self, q: Tensor, subjects: Tensor | None = None, objects: Tensor | None = None) -> Tensor:
        """log P(s, o, p) from one state q_T [D] without senses, by enumeration: [S, O, P].

        ``subjects`` and ``objects`` are the positions on the first two axes, all when not given. The probabilities are
        those of the whole candidate set, not renormalised to the positions asked for.
        """
        size = sum(self.groups[r].capacity for r in self.subjects)
        s = torch.arange(size, device=q.device) if subjects is None else subjects
        o = torch.arange(size, device=q.device) if objects is None else objects
        gates = self.gates if self.feeds_back else (1.0, 0.0)
        bank = self.bank(self.subjects)
        q, h = self.evolve(q[None], q.new_zeros(1, self.context))
        first = self.measure(q, self.subjects).log_softmax(-1)[0, s]
        q, h = self.evolve(gates[0] * q + gates[1] * bank[s], h.expand(len(s), -1))
        second = self.measure(q, self.subjects).log_softmax(-1)[:, o]
        q = (gates[0] * q[:, None] + gates[1] * bank[o]).flatten(0, 1)
        q, h = self.evolve(q, h.repeat_interleave(len(o), 0))
        third = self.measure(q, PREDICATE).log_softmax(-1).reshape(len(s), len(o), -1)
        return first[:, None, None] + second[:, :, None] + third
