package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * Hyperband (Li et al. 2017) in the form of HpBandSter (Falkner et al. 2018): brackets of
 * successive halving, from many architectures trained for few epochs to few trained for long; of
 * each rung the best third goes on. Each training starts anew and is paid for in full.
 *
 * <p>With {@link KernelSampler} it is BOHB. NAS-Bench-201 ran that with rungs of 22, 66 and 200
 * epochs, and let each of them be a training of 12: rungs beyond what {@link SearchTask} trains
 * come to that here too.
 *
 * @param minimum epochs of the lowest rung
 * @param maximum epochs of the highest
 * @param brackets 1: the widest only, which is successive halving
 * @param sampler proposes architectures
 */
record Hyperband(
    String name,
    int minimum,
    int maximum,
    int brackets,
    Function<TableSpace, ProposalSampler> sampler)
    implements BlackBox {
  static final int ALL_BRACKETS = Integer.MAX_VALUE;

  /** Eta: the best of so many goes on. */
  private static final int HALVING = 3;

  private record Tried(int[] choices, double fitness) {}

  @Override
  public String description() {
    String rungs =
        "rungs from %d to %d epochs, the best of %d goes on".formatted(minimum, maximum, HALVING);
    return switch (name) {
      case "bohb" -> "BOHB (Falkner et al. 2018), NAS-Bench-201's setting: " + rungs;
      case "hyperband" -> "Hyperband (Li et al. 2017): " + rungs;
      default -> "successive halving (Jamieson and Talwalkar 2016): " + rungs;
    };
  }

  @Override
  public void search(Trials trials, Dice dice) {
    ProposalSampler proposals = sampler.apply(trials.space());
    int rungs =
        (int) Math.floor(Math.log((double) maximum / minimum) / Math.log(HALVING) + 1e-9) + 1;
    for (int bracket = 0; bracket(trials, dice, proposals, rungs, bracket); ) {
      bracket = (bracket + 1) % Math.min(rungs, brackets);
    }
  }

  /** One run of successive halving; false if the budget ended. */
  private boolean bracket(
      Trials trials, Dice dice, ProposalSampler proposals, int rungs, int bracket) {
    int lowest = bracket;
    int halvings = rungs - 1 - bracket;
    int count = rungs / (halvings + 1) * (int) Math.pow(HALVING, halvings);
    List<int[]> contenders = List.of();
    for (int rung = lowest; rung < rungs; rung++) {
      int epochs = (int) (maximum * Math.pow(HALVING, rung - (rungs - 1.0)));
      List<Tried> tried = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int[] choices = rung == lowest ? proposals.propose(dice) : contenders.get(i);
        double fitness = trials.train(choices, epochs, rung);
        if (Double.isNaN(fitness)) {
          return false;
        }
        proposals.learn(choices, rung, fitness);
        tried.add(new Tried(choices, fitness));
      }
      contenders =
          tried.stream()
              .sorted(Comparator.comparingDouble((Tried t) -> -t.fitness))
              .map(Tried::choices)
              .toList();
      count = Math.max(1, count / HALVING);
    }
    return true;
  }
}
