package org.espalier.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.autograd.Tensor;
import org.espalier.op.Softmax;
import org.espalier.space.Decision;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;

/**
 * SETN (Dong and Yang 2019b): the weights learn on one uniform architecture a step, alpha on all
 * candidates weighted by softmax(alpha); then the most probable architectures are scored with the
 * shared weights.
 */
record Setn() implements Strategy {
  @Override
  public String name() {
    return "setn";
  }

  @Override
  public String description() {
    return "weights on one uniform path, alpha on softmax(alpha), best of the most probable with"
        + " shared weights (Dong and Yang 2019)";
  }

  @Override
  public Selections select(Draw draw) {
    if (!draw.forAlpha()) {
      return draw.space().path(draw.space().random(draw.rng()));
    }
    List<Tensor> weights =
        draw.alphas().stream().map(alpha -> draw.tape().apply(new Softmax(), alpha)).toList();
    return (kind, edge) -> new Selection.All(weights.get(kind), edge);
  }

  @Override
  public Genotype derive(Derivation derivation) {
    List<float[][]> probabilities = derivation.alphas().stream().map(this::strengths).toList();
    int count = derivation.settings().candidates().count();
    return Contest.best(mostProbable(derivation.space(), probabilities, count), derivation);
  }

  /** Choices for the nodes so far, zero for the others. */
  private record Partial(int[] choices, double logProbability) {}

  /**
   * The most probable architectures, the likeliest first: exact, since the nodes of a cell are
   * independent, so that the best of all begin with the best of those before.
   *
   * @param probabilities for each kind of cell, {@code [edges][candidates]}
   */
  static List<Genotype> mostProbable(SearchSpace space, List<float[][]> probabilities, int count) {
    List<Decision> decisions = space.decisions();
    List<Partial> best = List.of(new Partial(new int[decisions.size()], 0));
    for (int from = 0; from < decisions.size(); ) {
      int to = from;
      Decision first = decisions.get(from);
      while (to < decisions.size()
          && decisions.get(to).kind() == first.kind()
          && decisions.get(to).node() == first.node()) {
        to++;
      }
      best = extended(best, ways(space, probabilities, decisions, from, to), from, to, count);
      from = to;
    }
    return best.stream().map(partial -> space.decode(partial.choices)).toList();
  }

  private static List<Partial> extended(
      List<Partial> partials, List<Partial> ways, int from, int to, int count) {
    return partials.stream()
        .flatMap(partial -> ways.stream().map(way -> joined(partial, way, from, to)))
        .sorted(Comparator.comparingDouble(partial -> -partial.logProbability))
        .limit(count)
        .toList();
  }

  private static Partial joined(Partial partial, Partial way, int from, int to) {
    int[] choices = partial.choices.clone();
    System.arraycopy(way.choices, from, choices, from, to - from);
    return new Partial(choices, partial.logProbability + way.logProbability);
  }

  /** All ways to settle the decisions of one node, each once. */
  private static List<Partial> ways(
      SearchSpace space,
      List<float[][]> probabilities,
      List<Decision> decisions,
      int from,
      int to) {
    List<Partial> ways = new ArrayList<>();
    Set<List<Gene>> seen = new HashSet<>();
    Decision first = decisions.get(from);
    int[] choices = new int[decisions.size()];
    while (true) {
      List<Gene> genes =
          space.decode(choices).cells().get(first.kind()).genes().stream()
              .filter(gene -> gene.to() == first.node())
              .toList();
      if (seen.add(genes)) {
        double log = 0;
        for (Gene gene : genes) {
          log += Math.log(probability(space, probabilities, first.kind(), gene));
        }
        ways.add(new Partial(choices.clone(), log));
      }
      int digit = from;
      while (digit < to && ++choices[digit] == decisions.get(digit).options()) {
        choices[digit++] = 0;
      }
      if (digit == to) {
        return ways;
      }
    }
  }

  private static double probability(
      SearchSpace space, List<float[][]> probabilities, int kind, Gene gene) {
    List<SearchSpace.Edge> edges = space.cells().get(kind).edges();
    int row = edges.indexOf(new SearchSpace.Edge(gene.from(), gene.to()));
    return probabilities.get(kind)[row][space.candidate(gene.op())];
  }
}
