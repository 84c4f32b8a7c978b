package org.espalier.search;

import org.espalier.backend.Backend;
import org.espalier.space.SearchSpace;
import org.espalier.strategy.Draw;
import org.espalier.strategy.OneShot;
import org.espalier.strategy.Policy;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * A strategy with one candidate wherever it takes a single one: what the paths that it may draw
 * need, without waiting for them to be drawn.
 */
final class OnePath implements Strategy {
  private static final int DRAWN = -1;

  private final Strategy strategy;
  private final int none;
  private final int candidates;
  private int candidate = DRAWN;
  private @Nullable Rng mixture;
  private boolean samples;

  OnePath(Strategy strategy, SearchSpace space) {
    this.strategy = strategy;
    none = space.candidate("none");
    candidates = space.candidates().size();
  }

  /** From now on whatever the strategy draws, as at first. */
  void takeAsDrawn() {
    candidate = DRAWN;
    mixture = null;
  }

  /** From now on this candidate. */
  void take(int k) {
    candidate = k;
    mixture = null;
  }

  /** From now on any candidates, edge by edge: a back end without values draws always the same. */
  void takeAny(Rng rng) {
    mixture = rng;
  }

  /** Whether a single candidate has been taken so far. */
  boolean samples() {
    return samples;
  }

  boolean alphaLearns() {
    return strategy.update() != AlphaUpdate.NONE;
  }

  @Override
  public String name() {
    return strategy.name();
  }

  @Override
  public String description() {
    return strategy.description();
  }

  @Override
  public AlphaUpdate update() {
    return strategy.update();
  }

  @Override
  public int passes(SearchSpace space) {
    return Math.min(2, strategy.passes(space)); // what the second needs, all after it do
  }

  @Override
  public @Nullable Policy policy(SearchSpace space, OneShot settings, Backend backend, Rng rng) {
    return strategy.policy(space, settings, backend, rng);
  }

  @Override
  public Selections select(Draw draw) {
    Selections drawn = strategy.select(draw);
    return (kind, edge) ->
        drawn.at(kind, edge) instanceof Selection.One one
            ? taken(one, mixture == null ? candidate : mixture.split(kind).below(edge, candidates))
            : drawn.at(kind, edge);
  }

  /** An edge without weights and candidate is none of the path's. */
  private Selection taken(Selection.One one, int candidate) {
    samples = true;
    boolean unused = one.weights() == null && one.index() == none;
    return candidate == DRAWN || unused
        ? one
        : new Selection.One(candidate, one.weights(), one.row());
  }
}
