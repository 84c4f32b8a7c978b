package org.espalier.search;

import org.espalier.space.SearchSpace;
import org.espalier.strategy.Draw;
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
  private final Strategy strategy;
  private final int none;
  private final int candidates;
  private @Nullable Choice choice; // null: as drawn
  private boolean samples;

  private interface Choice {
    int candidate(int kind, int edge);
  }

  OnePath(Strategy strategy, SearchSpace space) {
    this.strategy = strategy;
    none = space.candidate("none");
    candidates = space.candidates().size();
  }

  /** From now on whatever the strategy draws, as at first. */
  void takeAsDrawn() {
    choice = null;
  }

  /** From now on this candidate. */
  void take(int k) {
    choice = (kind, edge) -> k;
  }

  /** From now on any candidates, edge by edge: a back end without values draws always the same. */
  void takeAny(Rng rng) {
    choice = (kind, edge) -> rng.split(kind).below(edge, candidates);
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
  public Selections select(Draw draw) {
    Selections drawn = strategy.select(draw);
    return (kind, edge) ->
        drawn.at(kind, edge) instanceof Selection.One one
            ? taken(one, kind, edge)
            : drawn.at(kind, edge);
  }

  /** An edge without weights and candidate is none of the path's. */
  private Selection taken(Selection.One one, int kind, int edge) {
    samples = true;
    boolean unused = one.weights() == null && one.index() == none;
    return choice == null || unused
        ? one
        : new Selection.One(choice.candidate(kind, edge), one.weights(), one.row());
  }
}
