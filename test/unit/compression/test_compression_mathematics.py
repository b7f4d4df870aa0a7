# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compression against independent statements of its mathematics in a few lines of numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnir.compression import quantize
from snnir.compression.budgets import lamps, uniform
from snnir.compression.exact_obs import NOfM, compensate, loss, prune_groups, pruning_order
from snnir.compression.hessian import HessianAccumulator, asymmetric_target, damped
from snnir.compression.layer_pruning import LayerProblem, Structure
from snnir.compression.quantize import Grid, quantize_compensated, quantize_nearest

ROWS, COLUMNS = 5, 24


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.fixture
def weight(rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(rng.normal(size=(ROWS, COLUMNS)))


@pytest.fixture
def hessian(rng: np.random.Generator) -> torch.Tensor:
    x = rng.normal(size=(60, COLUMNS)) * rng.uniform(0.2, 2, COLUMNS)
    x[:, 3] = 0.7 * x[:, 4] + 0.3 * x[:, 3]
    return damped(torch.from_numpy(2 * x.T @ x / 60))


def _obs(w: np.ndarray, inverse: np.ndarray, count: int):
    """Optimal Brain Surgeon, one weight at a time: weights, order, losses."""
    w, inverse = w.copy(), inverse.copy()
    gone, losses = [], []
    for _ in range(count):
        scores = w**2 / np.maximum(np.diag(inverse), 1e-300)
        scores[gone] = np.inf
        p = int(scores.argmin())
        losses.append(scores[p] / 2)
        w -= inverse[:, p] * w[p] / inverse[p, p]
        inverse -= np.outer(inverse[:, p], inverse[p]) / inverse[p, p]
        gone.append(p)
        w[gone] = 0
    return w, gone, losses


@pytest.mark.parametrize("decays", [(), (0.5,), (0.9, 0.6)])
def test_stream_is_the_matrix_form(rng: np.random.Generator, decays: tuple[float, ...]):
    x = rng.poisson(0.4, size=(6, 15, 4)).astype(np.float64)
    filtered = x
    for decay in decays:
        steps = np.subtract.outer(np.arange(15), np.arange(15))
        matrix = np.where(steps >= 0, decay ** np.maximum(steps, 0.0), 0.0)
        filtered = np.einsum("ts,nsd->ntd", matrix, filtered)
    expected = 2 * np.einsum("nti,ntj->ij", filtered, filtered) / 6
    accumulator = HessianAccumulator(lambda frame: frame[None], decays)
    for batch in (x[:4], x[4:]):
        accumulator.start(len(batch))
        for step in range(15):
            accumulator.add(torch.from_numpy(batch[:, step]))
    np.testing.assert_allclose(accumulator.hessian()[0], expected, rtol=1e-13)


def test_stream_keeps_its_inputs(rng: np.random.Generator):
    frames = torch.from_numpy(rng.normal(size=(3, 2, 4)))
    before = frames.clone()
    accumulator = HessianAccumulator(lambda frame: frame[None], (0.5,))
    accumulator.start(2)
    for frame in frames:
        accumulator.add(frame)
    assert torch.equal(frames, before)


def test_order_is_that_of_optimal_brain_surgeon(weight: torch.Tensor, hessian: torch.Tensor):
    inverse = torch.linalg.inv(hessian)
    found = pruning_order(weight, inverse, block=1)
    for row in range(ROWS):
        _, order, losses = _obs(weight[row].numpy(), inverse.numpy(), COLUMNS)
        assert found.order[row].tolist() == order
        np.testing.assert_allclose(found.losses[row], losses, rtol=1e-8)


@pytest.mark.parametrize("block", [0, 3, 100])
def test_losses_are_those_of_the_best_compensation(
    weight: torch.Tensor, hessian: torch.Tensor, block: int
):
    found = pruning_order(weight, torch.linalg.inv(hessian), block=block)
    for count in (1, 7, 20, COLUMNS):
        keep = found.keep_mask(torch.full((ROWS,), count))
        assert (keep.sum(dim=1) == COLUMNS - count).all()
        change = compensate(weight, hessian, keep) - weight
        np.testing.assert_allclose(
            loss(change, hessian), found.losses[:, :count].sum(dim=1), rtol=1e-8
        )


def test_compensation_is_the_closed_form_for_a_group(
    weight: torch.Tensor, hessian: torch.Tensor, rng: np.random.Generator
):
    keep = torch.from_numpy(rng.random((ROWS, COLUMNS)) < 0.4)
    keep[2] = False
    found = compensate(weight, hessian, keep)
    inverse = np.linalg.inv(hessian.numpy())
    for row in range(ROWS):
        p, w = ~keep[row].numpy(), weight[row].numpy()
        expected = w - inverse[:, p] @ np.linalg.solve(inverse[np.ix_(p, p)], w[p])
        np.testing.assert_allclose(found[row], np.where(p, 0, expected), atol=1e-10)


def test_sequential_compensation_agrees(weight: torch.Tensor, hessian: torch.Tensor):
    inverse = torch.linalg.inv(hessian)
    pruned, order, _ = _obs(weight[0].numpy(), inverse.numpy(), 15)
    keep = torch.ones(1, COLUMNS, dtype=torch.bool)
    keep[0, order] = False
    np.testing.assert_allclose(compensate(weight[:1], hessian, keep)[0], pruned, atol=1e-10)


def test_choice_takes_the_cheapest_removals_of_all_rows(
    weight: torch.Tensor, hessian: torch.Tensor
):
    weight = weight * torch.tensor([0.01, 1, 1, 1, 100.0], dtype=torch.float64)[:, None]
    found = pruning_order(weight, torch.linalg.inv(hessian))
    removals = found.choose(60)
    assert removals.sum() == 60
    assert removals[0] == COLUMNS
    assert removals[4] == 0


@pytest.mark.parametrize("structure", ["none", "rows:5", "channels"])
def test_importance_multiplies_the_losses_of_rows(
    weight: torch.Tensor, hessian: torch.Tensor, structure: str
):
    importance = torch.tensor([0.0, 1.0, 2.0, 0.5, 9.0], dtype=torch.float64)
    problem = LayerProblem(weight[None], hessian[None], importance=importance[None])
    if structure == "channels":
        groups = torch.arange(COLUMNS).reshape(6, 4)
        keep = problem.keep_channels(groups, ROWS * 4)
        gone = (~keep[0, 0]).nonzero()[:, 0]

        def cost(columns: torch.Tensor) -> float:
            mask = torch.ones(ROWS, COLUMNS, dtype=torch.bool)
            mask[:, columns] = False
            change = compensate(weight, hessian, mask) - weight
            return float((importance * loss(change, hessian)).sum())

        assert torch.equal(gone, min(groups, key=cost))
        return
    found = problem.order(Structure.parse(structure), block=1)
    keep = found.keep_mask(torch.full((len(found.order),), 9))
    change = compensate(weight, hessian, keep) - weight
    costs = (importance * loss(change, hessian)).reshape(len(found.order), -1).sum(dim=1)
    np.testing.assert_allclose(found.losses[:, :9].sum(dim=1), costs, rtol=1e-8, atol=1e-12)
    # Compensation is that of the weights as they are.
    np.testing.assert_allclose(problem.compensated(keep[None])[0], weight + change)


def test_rows_of_a_unit_share_their_mask(hessian: torch.Tensor, rng: np.random.Generator):
    weight = torch.from_numpy(rng.normal(size=(8, COLUMNS)))
    found = pruning_order(weight, torch.linalg.inv(hessian), rows_per_unit=4, block=1)
    keep = found.keep_mask(found.choose(8 * COLUMNS // 2))
    assert int((~keep).sum()) == 8 * COLUMNS // 2
    assert torch.equal(keep.reshape(2, 4, -1), keep.reshape(2, 4, -1)[:, :1].expand(-1, 4, -1))
    first = ((weight[:4] ** 2).sum(dim=0) / torch.linalg.inv(hessian).diagonal()).argmin()
    assert found.order[0, 0] == first


def test_two_of_four(weight: torch.Tensor, hessian: torch.Tensor):
    found = pruning_order(weight, torch.linalg.inv(hessian), pattern=NOfM(2, 4))
    keep = found.keep_mask(found.choose(10**9))
    assert (keep.reshape(ROWS, COLUMNS // 4, 4).sum(dim=2) == 2).all()


def test_group_removal_costs_what_it_says(weight: torch.Tensor, hessian: torch.Tensor):
    groups = torch.arange(COLUMNS).reshape(6, 4)
    keep = prune_groups(weight, torch.linalg.inv(hessian), groups, 1)
    removed = int((~keep[0]).nonzero()[0, 0]) // 4

    def cost(group: int) -> float:
        mask = torch.ones(ROWS, COLUMNS, dtype=torch.bool)
        mask[:, groups[group]] = False
        return float(loss(compensate(weight, hessian, mask) - weight, hessian).sum())

    assert removed == int(np.argmin([cost(group) for group in range(6)]))


def test_asymmetric_target_minimises_its_objective(weight: torch.Tensor, rng: np.random.Generator):
    dense = rng.normal(size=(200, COLUMNS))
    inputs = dense + 0.3 * rng.normal(size=dense.shape)
    hessian = torch.from_numpy(2 * inputs.T @ inputs / 200)
    cross = torch.from_numpy(2 * inputs.T @ dense / 200)
    found = asymmetric_target(weight, hessian, cross).numpy()
    level = 0.01 * float(hessian.diagonal().mean())
    stacked = np.vstack([inputs * np.sqrt(2 / 200), np.sqrt(level) * np.eye(COLUMNS)])
    wanted = np.vstack([dense * np.sqrt(2 / 200), np.sqrt(level) * np.eye(COLUMNS)])
    expected = np.linalg.lstsq(stacked, wanted @ weight.numpy().T, rcond=None)[0].T
    np.testing.assert_allclose(found, expected, atol=1e-10)


def _rank_one_quantization(
    w: np.ndarray, inverse: np.ndarray, scale: np.ndarray, largest: int
) -> np.ndarray:
    """Optimal Brain Quantisation with one order for all rows."""
    w, inverse, done = w.copy(), inverse.copy(), []
    for j in np.argsort(np.diag(inverse), kind="stable"):
        q = np.clip(np.round(w[:, j] / scale), -largest, largest) * scale
        update = np.outer((q - w[:, j]) / inverse[j, j], inverse[:, j])
        update[:, done] = 0
        w += update
        w[:, j] = q
        done.append(j)
        inverse = inverse - np.outer(inverse[:, j], inverse[j]) / inverse[j, j]
    return w


@pytest.mark.parametrize("bits", [8, 4, 3, 2])
def test_cholesky_form_is_the_rank_one_form(weight: torch.Tensor, hessian: torch.Tensor, bits: int):
    grid = Grid(bits)
    found = quantize_compensated(weight[None], hessian[None], grid)
    inverse = np.linalg.inv(hessian.numpy())
    expected = _rank_one_quantization(weight.numpy(), inverse, found.scale.numpy(), grid.largest)
    np.testing.assert_allclose(found.weight, expected, atol=1e-12)
    np.testing.assert_allclose(found.losses, loss(found.weight - weight, hessian), rtol=1e-9)
    nearest = quantize_nearest(weight, grid)
    assert found.losses.sum() < loss(nearest.weight - weight, hessian).sum()


def test_sparse_rows_are_rounded_on_their_support(
    weight: torch.Tensor, hessian: torch.Tensor, rng: np.random.Generator
):
    keep = torch.from_numpy(rng.random((ROWS, COLUMNS)) < 0.5)
    keep[1] = False
    weight = compensate(weight, hessian, keep)
    found = quantize_compensated(weight[None], hessian[None], Grid(3), keep=keep[None])
    assert (found.integers[~keep] == 0).all()
    assert (found.integers[1] == 0).all()
    assert found.scale[1] > 0
    for row in (0, 2, 3, 4):
        s = keep[row].numpy()
        inverse = np.linalg.inv(hessian.numpy()[np.ix_(s, s)])
        expected = _rank_one_quantization(
            weight[row : row + 1, s].numpy(), inverse, found.scale[row : row + 1].numpy(), 3
        )
        np.testing.assert_allclose(found.weight[row, s], expected[0], atol=1e-12)
    np.testing.assert_allclose(found.losses, loss(found.weight - weight, hessian), atol=1e-12)


def test_silent_rows_and_columns_are_no_pruning(
    weight: torch.Tensor, hessian: torch.Tensor, rng: np.random.Generator
):
    weight[2] = 0
    weight[:, [5, 9]] = 0
    columns = torch.ones(COLUMNS, dtype=torch.bool)
    columns[[5, 9]] = False
    keep = quantize.support_of(weight[None])
    assert torch.equal(keep, columns.expand(1, ROWS, COLUMNS))
    # One support for all rows gives what each row gives alone.
    together = compensate(weight, hessian, keep[0])
    alone = torch.cat(
        [compensate(weight[i : i + 1], hessian, keep[0, i : i + 1]) for i in range(5)]
    )
    np.testing.assert_allclose(together, alone, atol=1e-12)
    found = quantize_compensated(weight[None], hessian[None], Grid(3), keep=keep)
    assert (found.integers[:, [5, 9]] == 0).all()
    assert (found.integers[2] == 0).all()
    dense = columns.nonzero()[:, 0]
    expected = quantize_compensated(weight[None, :, dense], hessian[dense][:, dense][None], Grid(3))
    assert torch.equal(found.integers[:, dense], expected.integers)
    # Holes in some rows are pruning, and stay where they are.
    weight[0, :12] = 0
    assert torch.equal(quantize.support_of(weight[None]), weight[None] != 0)


@pytest.mark.parametrize("sparse", [False, True])
def test_lazy_updates_change_nothing(
    weight: torch.Tensor,
    hessian: torch.Tensor,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
    sparse: bool,
):
    keep = torch.from_numpy(rng.random((1, ROWS, COLUMNS)) < 0.5) if sparse else None
    found = []
    for columns in (1, 7, 1000):
        monkeypatch.setattr(quantize, "LAZY_COLUMNS", columns)
        found.append(quantize_compensated(weight[None], hessian[None], Grid(4), keep=keep))
    for other in found[1:]:
        assert torch.equal(found[0].integers, other.integers)
        np.testing.assert_allclose(found[0].losses, other.losses, rtol=1e-10)


@pytest.mark.parametrize("shared", [False, True])
def test_scale_search_never_loses(weight: torch.Tensor, hessian: torch.Tensor, shared: bool):
    layer = weight[None], hessian[None], Grid(2)
    plain = quantize_compensated(*layer, shared=shared)
    searched = quantize_compensated(*layer, shared=shared, search=True)
    assert searched.losses.sum() < plain.losses.sum()
    if shared:
        assert len(searched.scale.unique()) == 1
    else:
        assert (searched.losses <= plain.losses).all()


def _descended(q: np.ndarray, scale: float, w: np.ndarray, hessian: np.ndarray, keep: np.ndarray):
    """Every column tries all integers of three bits, by the loss itself; then the best scale."""

    def loss_of(integers: np.ndarray) -> float:
        return float((integers * scale - w) @ hessian @ (integers * scale - w)) / 2

    q = q.copy()
    for _ in range(4):
        for j in np.flatnonzero(keep):
            trials = np.repeat(q[None], 8, axis=0)
            trials[:, j] = np.arange(-4, 4)
            q = trials[np.argmin([loss_of(each) for each in trials])]
        scale = float(np.float32(q @ hessian @ w / (q @ hessian @ q)))
    return q, scale, (q * scale - w) @ hessian @ (q * scale - w) / 2


@pytest.mark.parametrize("sparse", [False, True])
def test_sweeps_take_the_best_integer_of_each_column(
    weight: torch.Tensor, hessian: torch.Tensor, rng: np.random.Generator, sparse: bool
):
    keep = torch.from_numpy(rng.random((ROWS, COLUMNS)) < (0.5 if sparse else 1))
    weight = compensate(weight, hessian, keep)
    layer = weight[None], hessian[None], Grid(3, full_range=True)
    greedy = quantize_compensated(*layer, keep=keep[None], search=True)
    found = quantize_compensated(*layer, keep=keep[None], search=True, sweeps=4)
    for row in range(ROWS):
        start = greedy.integers[row].numpy(), float(greedy.scale[row])
        problem = weight[row].numpy(), hessian.numpy(), keep[row].numpy()
        integers, scale, cost = _descended(*start, *problem)
        np.testing.assert_array_equal(found.integers[row], integers)
        assert float(found.scale[row]) == scale
        np.testing.assert_allclose(found.losses[row], cost, rtol=1e-9)
    assert (found.losses <= greedy.losses).all()
    assert found.losses.sum() < greedy.losses.sum()
    assert not found.integers[~keep].any()


def test_sweeps_keep_a_shared_scale(weight: torch.Tensor, hessian: torch.Tensor):
    layer = weight[None], hessian[None], Grid(3)
    greedy, found = (
        quantize_compensated(*layer, shared=True, search=True, sweeps=sweeps) for sweeps in (0, 5)
    )
    assert torch.equal(greedy.scale, found.scale)
    assert found.losses.sum() < greedy.losses.sum()


def test_grid_ends(weight: torch.Tensor):
    assert (quantize_nearest(weight, Grid(4)).integers.abs().amax(dim=1) == 7).all()
    full = Grid(2, full_range=True)
    rounded = full.round(torch.tensor([-9.0, -1.6, 0.4, 9.0]), torch.ones(4))
    assert rounded.tolist() == [-2, -2, 0, 1]
    assert full.scale(torch.tensor([[3.0, -1.0]])).tolist() == [2.0]


def test_lamps_by_hand():
    # |w|^2 ascending: 1, 4, 4 -> 1/9, 4/8, 4/4 and 9, 16 -> 9/25, 16/16.
    layers = [torch.tensor([2.0, -1.0, 2.0]), torch.tensor([[4.0], [3.0]])]
    assert lamps(layers, 0.2) == [1, 0]
    assert lamps(layers, 0.4) == [1, 1]
    assert lamps(layers, 0.6) == [2, 1]
    assert uniform(layers, 0.5) == [1, 1]


def test_lamps_takes_zeros_first():
    layers = [torch.tensor([0.0, 0.0, 5.0, 1.0]), torch.zeros(2)]
    assert lamps(layers, 4 / 6) == [2, 2]


def test_dead_inputs_cost_nothing(weight: torch.Tensor):
    hessian = torch.eye(COLUMNS, dtype=torch.float64)
    hessian[6, 6] = 0
    found = pruning_order(weight, torch.linalg.inv(damped(hessian)), block=1)
    column = found.order == 6
    np.testing.assert_allclose(
        found.losses[column], 0.5 * weight[:, 6] ** 2 * 0.01 * 23 / 24, rtol=1e-9
    )
    assert torch.equal(damped(torch.zeros_like(hessian)), torch.eye(COLUMNS).double())
