package org.espalier.space;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.candidate.CandidateOp;

/**
 * DARTS' own notation, {@code Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2,
 * 6), reduce=[...], reduce_concat=range(2, 6))}, and the published architectures by name.
 */
final class DartsNotation {
  private static final String OPENING = "Genotype(";

  /** {@code key=[...]} or {@code key=range(...)}, up to the comma or the end. */
  private static final Pattern FIELD =
      Pattern.compile("\\s*(\\w+)\\s*=\\s*(\\[[^\\]]*\\]|range\\([^)]*\\))\\s*(,\\s*|$)");

  private static final Pattern PAIR =
      Pattern.compile("\\(\\s*['\"]([^'\"]*)['\"]\\s*,\\s*(\\d+)\\s*\\)");

  /** What the nodes of a cell are called in its output: always all of them. */
  private static final Set<String> CONCAT = Set.of("range(2,6)", "[2,3,4,5]");

  /** How much of what cannot be read is shown. */
  private static final int EXCERPT = 60;

  /**
   * DARTS first and second order (Liu et al. 2019), PC-DARTS (Xu et al. 2020), all searched on
   * CIFAR-10.
   */
  private static final Map<String, String> PUBLISHED = published();

  private DartsNotation() {}

  private static Map<String, String> published() {
    Map<String, String> known = new LinkedHashMap<>();
    known.put(
        "DARTS_V1",
        "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0),"
            + " ('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0),"
            + " ('skip_connect', 2)], normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0),"
            + " ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0),"
            + " ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)],"
            + " reduce_concat=range(2, 6))");
    known.put(
        "DARTS_V2",
        "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0),"
            + " ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0),"
            + " ('dil_conv_3x3', 2)], normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0),"
            + " ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0),"
            + " ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)],"
            + " reduce_concat=range(2, 6))");
    known.put(
        "PC_DARTS",
        "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 0),"
            + " ('dil_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0),"
            + " ('dil_conv_3x3', 1)], normal_concat=range(2, 6), reduce=[('sep_conv_5x5', 1),"
            + " ('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2), ('sep_conv_3x3', 0),"
            + " ('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)],"
            + " reduce_concat=range(2, 6))");
    return known;
  }

  static String format(Genotype genotype) {
    return genotype.cells().stream()
        .map(
            cell ->
                cell.genes().stream()
                    .map(gene -> "('" + gene.op() + "', " + gene.from() + ")")
                    .collect(
                        Collectors.joining(
                            ", ", cell.name() + "=[", "], " + cell.name() + "_concat=range(2, 6)")))
        .collect(Collectors.joining(", ", "Genotype(", ")"));
  }

  static Genotype parse(DartsSpace space, String given) {
    String text = PUBLISHED.getOrDefault(given.strip(), given.strip());
    if (!text.startsWith(OPENING) || !text.endsWith(")")) {
      throw malformed(
          text,
          "it should read Genotype(normal=[...], reduce=[...]), or be one of "
              + String.join(", ", PUBLISHED.keySet()));
    }
    Map<String, String> lists = fields(space, text);
    List<Genotype.Cell> cells = new ArrayList<>();
    for (SearchSpace.CellKind kind : space.cells()) {
      String body = lists.get(kind.name());
      if (body == null) {
        throw malformed(text, "it has no list " + kind.name() + "=[...]");
      }
      cells.add(new Genotype.Cell(kind.name(), genes(space, text, kind.name(), body)));
    }
    return new Genotype(space.name(), cells);
  }

  /** The list of each kind of cell, without its brackets. */
  private static Map<String, String> fields(DartsSpace space, String text) {
    String body = text.substring(OPENING.length(), text.length() - 1);
    Map<String, String> fields = new LinkedHashMap<>();
    Matcher field = FIELD.matcher(body);
    int at = 0;
    for (; at < body.length() && field.region(at, body.length()).lookingAt(); at = field.end()) {
      if (fields.put(field.group(1), field.group(2)) != null) {
        throw malformed(text, field.group(1) + " is given twice");
      }
    }
    if (at < body.length()) {
      String rest = body.substring(at).strip();
      throw malformed(
          text, "'" + rest.substring(0, Math.min(EXCERPT, rest.length())) + "' is not name=[...]");
    }
    for (SearchSpace.CellKind kind : space.cells()) {
      String concat = fields.remove(kind.name() + "_concat");
      if (concat != null && !CONCAT.contains(concat.replaceAll("\\s", ""))) {
        throw malformed(
            text, "a cell's output must be the concatenation of range(2, 6), not of " + concat);
      }
      fields.computeIfPresent(
          kind.name(),
          (name, list) -> list.startsWith("[") ? list.substring(1, list.length() - 1) : list);
    }
    fields.keySet().stream()
        .filter(name -> space.cells().stream().noneMatch(kind -> kind.name().equals(name)))
        .findFirst()
        .ifPresent(
            name -> {
              throw malformed(
                  text,
                  "it has no field "
                      + name
                      + ", but normal, reduce, normal_concat and reduce_concat");
            });
    return fields;
  }

  private static List<Gene> genes(DartsSpace space, String text, String cell, String body) {
    List<Gene> genes = new ArrayList<>();
    Matcher pair = PAIR.matcher(body);
    while (pair.find()) {
      int to = DartsSpace.INPUTS + genes.size() / 2;
      String op = pair.group(1);
      if (space.candidates().stream().noneMatch(candidate -> candidate.name().equals(op))
          || op.equals("none")) {
        throw malformed(
            text,
            "'"
                + op
                + "' in "
                + cell
                + " is not one of "
                + space.candidates().stream()
                    .skip(1)
                    .map(CandidateOp::name)
                    .collect(Collectors.joining(", ")));
      }
      int from = pair.group(2).length() > 3 ? Integer.MAX_VALUE : Integer.parseInt(pair.group(2));
      if (from >= to) {
        throw malformed(
            text,
            "node "
                + to
                + " of "
                + cell
                + " takes input "
                + pair.group(2)
                + ", below "
                + to
                + " is wanted");
      }
      genes.add(new Gene(from, to, op));
    }
    if (genes.size() != 2 * DartsSpace.STEPS
        || !PAIR.matcher(body).replaceAll("").replaceAll("[\\s,]", "").isEmpty()) {
      throw malformed(
          text,
          cell
              + " has "
              + genes.size()
              + " readable pairs ('operation', input), 8 and nothing else are wanted");
    }
    return genes;
  }

  private static InputException malformed(String text, String why) {
    return new InputException(
        ("'" + text + "' is not a DARTS genotype: " + why).replaceAll("\\s+", " "));
  }
}
