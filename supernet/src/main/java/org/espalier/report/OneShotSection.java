package org.espalier.report;

import static org.espalier.report.Figures.escape;
import static org.espalier.report.Figures.percent;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What the page says of a policy that learned by reward, and of the architectures that were
 * compared by their accuracy with the shared weights. Empty where a run has neither.
 */
final class OneShotSection {
  private static final int SHOWN = 10;

  private OneShotSection() {}

  static List<Chart> charts(RunRecord run) {
    List<Chart> charts = new ArrayList<>();
    if (learned(run)) {
      List<Integer> x = run.search().stream().map(SearchEpoch::epoch).toList();
      charts.add(
          new Chart(
              "reward",
              "search",
              "number",
              false,
              Chart.range(null, null),
              Chart.EPOCH,
              x,
              List.of(policy("reward", "s0", run), policy("baseline", "s1", run)),
              null));
      charts.add(
          new Chart(
              "policy-entropy",
              "search",
              "number",
              false,
              Chart.range(0.0, null),
              Chart.EPOCH,
              x,
              List.of(policy("entropy", "s2", run)),
              null));
    }
    if (rounds(run).size() > 2) {
      charts.add(generations(run));
    }
    return charts;
  }

  private static boolean learned(RunRecord run) {
    return run.search().stream().anyMatch(epoch -> !epoch.policy().isEmpty());
  }

  private static Chart.Series policy(String name, String color, RunRecord run) {
    return Chart.series(name, color, run, epoch -> epoch.policy().getOrDefault(name, Double.NaN));
  }

  private static Map<Integer, List<Scored>> rounds(RunRecord run) {
    return run.scored().stream()
        .collect(Collectors.groupingBy(Scored::round, TreeMap::new, Collectors.toList()));
  }

  private static Chart generations(RunRecord run) {
    Map<Integer, List<Scored>> rounds = rounds(run);
    List<List<Scored>> each = List.copyOf(rounds.values());
    return new Chart(
        "generations",
        "generations",
        "percent",
        false,
        Chart.range(null, null),
        "generation",
        List.copyOf(rounds.keySet()),
        List.of(
            new Chart.Series(
                "best",
                "s0",
                Chart.values(
                    each, r -> r.stream().mapToDouble(Scored::accuracy).max().orElse(Double.NaN))),
            new Chart.Series(
                "mean",
                "s1",
                Chart.values(
                    each,
                    r -> r.stream().mapToDouble(Scored::accuracy).average().orElse(Double.NaN)))),
        null);
  }

  static String html(RunRecord run) {
    String policy =
        learned(run)
            ? section(
                "The controller",
                "<div class=\"charts two\">"
                    + figure("reward", "Reward, and its baseline at the end of the epoch")
                    + figure("policy-entropy", "Entropy of an architecture, in nats")
                    + "</div>")
            : "";
    return run.scored().isEmpty() ? policy : policy + compared(run);
  }

  private static String compared(RunRecord run) {
    String chart =
        rounds(run).size() > 2
            ? "<div class=\"charts two\">"
                + figure("generations", "Accuracy with the shared weights")
                + "</div>"
            : "";
    int last = rounds(run).size() > 2 ? 0 : run.scored().getLast().round();
    String rows =
        run.scored().stream()
            .filter(scored -> scored.round() >= last)
            .sorted(Comparator.comparingDouble(scored -> -scored.accuracy()))
            .limit(SHOWN)
            .map(
                scored ->
                    "<tr><td>%s</td><td>%d</td><td><code>%s</code></td></tr>"
                        .formatted(
                            percent(scored.accuracy(), 1),
                            scored.round(),
                            escape(scored.genotype())))
            .collect(Collectors.joining("\n"));
    return section(
        "Compared with the shared weights",
        """
        <p class="note">%s</p>
        %s<div class="scroll"><table class="scored"><thead><tr><th>Accuracy</th><th>Round</th><th>Architecture</th></tr></thead>
        <tbody>%s</tbody></table></div>
        """
            .formatted(escape(protocol(run)), chart, rows));
  }

  private static String protocol(RunRecord run) {
    Scored first = run.scored().getFirst();
    Scored last = run.scored().getLast();
    String text =
        "%d architectures, each on %s, batch-norm statistics %s."
            .formatted(run.scored().size(), images(first), statistics(first));
    return last.batches() == first.batches()
        ? text
        : text + " The last round: on " + images(last) + ".";
  }

  private static String images(Scored scored) {
    return scored.batches() == 0
        ? "all validation images"
        : scored.batches() == 1 ? "a validation batch" : scored.batches() + " validation batches";
  }

  private static String statistics(Scored scored) {
    return scored.calibration() == 0
        ? "of each batch"
        : "taken anew for each from " + scored.calibration() + " training batches";
  }

  private static String figure(String id, String title) {
    return "<figure class=\"chart\" data-chart=\"%s\"><figcaption>%s</figcaption></figure>\n"
        .formatted(escape(id), escape(title));
  }

  private static String section(String title, String content) {
    return "<section>\n<h2>" + escape(title) + "</h2>\n" + content + "\n</section>\n";
  }
}
