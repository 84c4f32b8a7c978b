package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The sampler of BOHB (Falkner et al. 2018, section 4; HpBandSter): a kernel density of the good
 * architectures of the highest rung that has enough of them, and one of the bad. Of a few samples
 * of the good the one is proposed where the ratio of the two is best. NAS-Bench-201's setting: four
 * samples, none at random once there is a model.
 *
 * <p>Choices are categories: the kernel is Aitchison and Aitken's, its bandwidth by the normal
 * reference rule, 1.06 times the deviation of the category's number times n^(-1/(4+d)), at least
 * 0.3, as HpBandSter has it.
 */
final class KernelSampler implements ProposalSampler {
  private static final int SAMPLES = 4;
  private static final int TOP_PERCENT = 15;
  private static final double LEAST_BANDWIDTH = 0.3;
  private static final double LEAST_DENSITY = 1e-32;

  private final TableSpace space;
  private final Map<Integer, List<Result>> results = new TreeMap<>();
  private Model model =
      new Model(-1, new Density(List.of(), new double[0]), new Density(List.of(), new double[0]));

  private record Result(int[] choices, double fitness) {}

  /** A density of each of the two kinds; none on rung -1. */
  private record Model(int rung, Density good, Density bad) {}

  private record Density(List<int[]> data, double[] bandwidths) {}

  KernelSampler(TableSpace space) {
    this.space = space;
  }

  @Override
  public int[] propose(Dice dice) {
    if (model.rung < 0) {
      return dice.architecture(space);
    }
    int[] best = sample(dice);
    double least = badness(best);
    for (int i = 1; i < SAMPLES; i++) {
      int[] other = sample(dice);
      double ratio = badness(other);
      if (ratio < least) {
        least = ratio;
        best = other;
      }
    }
    return best;
  }

  private int[] sample(Dice dice) {
    int[] choices = model.good.data.get(dice.below(model.good.data.size())).clone();
    for (int i = 0; i < choices.length; i++) {
      if (dice.uniform() >= 1 - model.good.bandwidths[i]) {
        choices[i] = dice.below(space.choices());
      }
    }
    return choices;
  }

  private double badness(int[] choices) {
    return Math.max(LEAST_DENSITY, density(model.bad, choices))
        / Math.max(LEAST_DENSITY, density(model.good, choices));
  }

  private double density(Density of, int[] choices) {
    double sum = 0;
    for (int[] datum : of.data) {
      double product = 1;
      for (int i = 0; i < choices.length; i++) {
        // Beyond this bandwidth the kernel would prefer what it has not seen.
        double h = Math.min(of.bandwidths[i], 1 - 1.0 / space.choices());
        product *= choices[i] == datum[i] ? 1 - h : h / (space.choices() - 1);
      }
      sum += product;
    }
    return sum / of.data.size();
  }

  @Override
  public void learn(int[] choices, int rung, double fitness) {
    if (rung < model.rung) {
      return;
    }
    List<Result> here = results.computeIfAbsent(rung, r -> new ArrayList<>());
    here.add(new Result(choices, fitness));
    int least = space.positions() + 1;
    int good = Math.max(least, TOP_PERCENT * here.size() / 100);
    int bad = Math.max(least, (100 - TOP_PERCENT) * here.size() / 100);
    if (here.size() < least || here.size() - good <= space.positions()) {
      return; // a density wants more points than it has dimensions
    }
    List<int[]> byFitness =
        here.stream()
            .sorted(Comparator.comparingDouble((Result r) -> -r.fitness))
            .map(Result::choices)
            .toList();
    model =
        new Model(
            rung,
            density(byFitness.subList(0, good)),
            density(byFitness.subList(good, Math.min(byFitness.size(), good + bad))));
  }

  private Density density(List<int[]> data) {
    double[] bandwidths = new double[space.positions()];
    for (int i = 0; i < bandwidths.length; i++) {
      int at = i;
      double mean = data.stream().mapToInt(d -> d[at]).average().orElseThrow();
      double variance =
          data.stream().mapToDouble(d -> (d[at] - mean) * (d[at] - mean)).average().orElseThrow();
      double rule =
          1.06 * Math.sqrt(variance) * Math.pow(data.size(), -1.0 / (4 + space.positions()));
      bandwidths[i] = Math.max(LEAST_BANDWIDTH, rule);
    }
    return new Density(data, bandwidths);
  }
}
