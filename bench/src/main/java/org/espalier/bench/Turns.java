package org.espalier.bench;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Steps of one contender, taken in turns with the others, so that what disturbs the machine
 * disturbs all of them: a turn is as many steps as a second holds, at least one, and counts with
 * their mean. The first turn is not counted.
 */
record Turns(double[] seconds) {
  private static final double TURN_SECONDS = 1;

  /** Lets all take turns. */
  static List<Turns> of(List<Contender> contenders, int turns) throws IOException {
    double[][] seconds = new double[contenders.size()][turns + 1];
    for (int turn = 0; turn <= turns; turn++) {
      for (int i = 0; i < contenders.size(); i++) {
        int steps = turn == 0 ? 1 : (int) Math.max(1, TURN_SECONDS / seconds[i][turn - 1]);
        seconds[i][turn] = Arrays.stream(contenders.get(i).take(steps)).average().orElseThrow();
      }
    }
    return Arrays.stream(seconds).map(s -> new Turns(Arrays.copyOfRange(s, 1, turns + 1))).toList();
  }

  Timing timing() {
    return Timing.of(seconds);
  }

  /** By how much a step of this takes longer, turn by turn. */
  Timing ratio(Turns other) {
    return Timing.of(
        IntStream.range(0, seconds.length)
            .mapToDouble(i -> seconds[i] / other.seconds[i])
            .toArray());
  }

  double mean() {
    return Arrays.stream(seconds).average().orElseThrow();
  }
}
