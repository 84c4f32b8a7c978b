package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lines over something that is no epoch, with a logarithmic scale, as report.js draws them.
 *
 * @param id the figure of the page that it fills
 * @param axis what x is
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Curves(
    String id,
    String group,
    String format,
    boolean small,
    boolean log,
    String axis,
    List<@Nullable Double> domain,
    List<Long> x,
    List<Chart.Series> series) {
  private static final List<String> COLOURS =
      List.of("t0", "s1", "s0", "c7", "c8", "c10", "c2", "c0");

  static Curves of(
      String id, String axis, List<Double> x, List<String> names, List<List<Double>> values) {
    List<Chart.Series> series = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      List<@Nullable Double> line = new ArrayList<>();
      values.get(i).forEach(v -> line.add(v > 0 && Double.isFinite(v) ? v : null));
      series.add(new Chart.Series(names.get(i), COLOURS.get(i % COLOURS.size()), line));
    }
    List<@Nullable Double> domain = new ArrayList<>();
    domain.add(null);
    domain.add(null);
    return new Curves(
        id, id, "number", false, true, axis, domain, x.stream().map(Math::round).toList(), series);
  }
}
