package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;

/**
 * The spaces of the published tables. Each is a choice among the same number of candidates at a
 * fixed number of positions; an architecture is the number that its choices are the digits of, its
 * <em>code</em>.
 */
public enum TableSpace {
  /** NAS-Bench-201, the topology space of NATS-Bench: six edges, five operations. */
  NASBENCH201("nasbench201", 6, 5) {
    @Override
    public int[] parse(String text) {
      SearchSpace space = Spaces.of(id());
      return space.parse(text).cells().getFirst().genes().stream()
          .mapToInt(gene -> space.candidate(gene.op()))
          .toArray();
    }

    @Override
    public String format(int[] choices) {
      SearchSpace space = Spaces.of(id());
      List<SearchSpace.Edge> edges = space.cells().getFirst().edges();
      List<Gene> genes = new ArrayList<>();
      for (int e = 0; e < choices.length; e++) {
        String op = space.candidates().get(choices[e]).name();
        genes.add(new Gene(edges.get(e).from(), edges.get(e).to(), op));
      }
      return space.format(new Genotype(space.name(), List.of(new Genotype.Cell("cell", genes))));
    }
  },

  /** The size space of NATS-Bench: the channels of five layers, 8 to 64 in steps of 8. */
  NATS_SIZE("nats-size", 5, 8) {
    private static final int STEP = 8;

    @Override
    public int[] parse(String text) {
      String[] layers = text.strip().split(":", -1);
      int[] choices = new int[positions()];
      for (int i = 0; i < choices.length; i++) {
        String layer = layers.length == choices.length ? layers[i] : "";
        int channels = layer.matches("[0-9]{1,3}") ? Integer.parseInt(layer) : 0;
        if (channels < STEP || channels > STEP * choices() || channels % STEP != 0) {
          throw new InputException(
              "'%s' is not a NATS-Bench size: five of 8, 16, .. 64 separated by ':' are wanted"
                  .formatted(oneLine(text)));
        }
        choices[i] = channels / STEP - 1;
      }
      return choices;
    }

    @Override
    public String format(int[] choices) {
      return Arrays.stream(choices)
          .mapToObj(choice -> String.valueOf(STEP * (choice + 1)))
          .collect(Collectors.joining(":"));
    }
  },

  /** NAS-Bench-Macro: one of three blocks in each of eight layers. */
  NASBENCH_MACRO("nasbench-macro", 8, 3) {
    @Override
    public int[] parse(String text) {
      if (!text.strip().matches("[0-2]{8}")) {
        throw new InputException(
            "'%s' is not a NAS-Bench-Macro architecture: eight digits 0, 1 or 2 are wanted"
                .formatted(oneLine(text)));
      }
      return text.strip().chars().map(digit -> digit - '0').toArray();
    }

    @Override
    public String format(int[] choices) {
      return Arrays.stream(choices).mapToObj(String::valueOf).collect(Collectors.joining());
    }
  };

  private final String id;
  private final int positions;
  private final int choices;

  TableSpace(String id, int positions, int choices) {
    this.id = id;
    this.positions = positions;
    this.choices = choices;
  }

  /** The name in files and on the command line. */
  public String id() {
    return id;
  }

  /** How many choices make an architecture. */
  public int positions() {
    return positions;
  }

  /** Among how many candidates each choice is. */
  public int choices() {
    return choices;
  }

  /** How many architectures there are. */
  public int size() {
    int size = 1;
    for (int i = 0; i < positions; i++) {
      size *= choices;
    }
    return size;
  }

  /**
   * The choices of an architecture.
   *
   * @throws InputException saying what is wrong with the text
   */
  public abstract int[] parse(String text);

  /** The choices of an architecture that is read from a file; what is wrong names the place. */
  int[] parse(String place, String text) {
    try {
      return parse(text);
    } catch (InputException e) {
      throw new InputException(place + ": " + e.getMessage(), e);
    }
  }

  /** The architecture as the benchmark's authors write it. */
  public abstract String format(int[] choices);

  /** The number of an architecture, in [0, {@link #size}). */
  public int code(int[] digits) {
    int code = 0;
    for (int i = positions - 1; i >= 0; i--) {
      code = code * choices + digits[i];
    }
    return code;
  }

  /** The choices of the architecture of that number. */
  public int[] digits(int code) {
    int[] digits = new int[positions];
    for (int i = 0; i < positions; i++, code /= choices) {
      digits[i] = code % choices;
    }
    return digits;
  }

  static TableSpace of(String id) {
    return Arrays.stream(values())
        .filter(space -> space.id.equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "unknown benchmark '%s'; known: %s"
                        .formatted(
                            oneLine(id),
                            Arrays.stream(values())
                                .map(TableSpace::id)
                                .collect(Collectors.joining(", ")))));
  }

  static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() > 120 ? line.substring(0, 120) + "..." : line;
  }
}
