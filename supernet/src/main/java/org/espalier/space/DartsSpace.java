package org.espalier.space;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.candidate.CandidateOp;
import org.espalier.candidate.Candidates;
import org.espalier.nn.ParameterArena.Namespace;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/**
 * The DARTS space for images (Liu et al. 2019): a normal and a reduction cell, each with two
 * inputs, four nodes and 14 edges, eight candidates; a node keeps two of its edges.
 */
final class DartsSpace implements SearchSpace {
  static final int STEPS = 4;
  static final int INPUTS = 2;
  static final int NORMAL = 0;
  static final int REDUCE = 1;

  private static final List<Edge> EDGES = edges();

  private static List<Edge> edges() {
    List<Edge> edges = new ArrayList<>();
    for (int to = INPUTS; to < INPUTS + STEPS; to++) {
      for (int from = 0; from < to; from++) {
        edges.add(new Edge(from, to));
      }
    }
    return List.copyOf(edges);
  }

  @Override
  public String name() {
    return "darts";
  }

  @Override
  public String description() {
    return "normal and reduction cell of 4 nodes, 8 operations, 2 inputs to a node (Liu et al."
        + " 2019)";
  }

  @Override
  public List<CandidateOp> candidates() {
    return List.of(
        Candidates.NONE,
        Candidates.MAX_POOL_BN,
        Candidates.AVG_POOL_BN,
        Candidates.SKIP,
        Candidates.SEP_CONV_3X3,
        Candidates.SEP_CONV_5X5,
        Candidates.DIL_CONV_3X3,
        Candidates.DIL_CONV_5X5);
  }

  @Override
  public List<CellKind> cells() {
    return List.of(new CellKind("normal", EDGES), new CellKind("reduce", EDGES));
  }

  @Override
  public int granularity() {
    return 4;
  }

  @Override
  public Supernet.Body supernet(Namespace root, Size size) {
    return DartsNetworks.supernet(this, root, size);
  }

  @Override
  public Network network(Namespace root, Genotype genotype, Size size, boolean auxiliary) {
    return DartsNetworks.network(
        this, root, genotype, size, auxiliary ? DartsNetworks.AuxiliaryWidths.PUBLISHED : null);
  }

  /** For each node two different inputs, on each any operation but {@code none}. */
  @Override
  public Genotype random(Rng rng) {
    List<Genotype.Cell> cells = new ArrayList<>();
    for (CellKind kind : cells()) {
      Rng own = rng.split(kind.name());
      List<Gene> genes = new ArrayList<>();
      for (int to = INPUTS; to < INPUTS + STEPS; to++) {
        int first = own.below(4L * to, to);
        int second = (first + 1 + own.below(4L * to + 1, to - 1)) % to;
        genes.add(new Gene(Math.min(first, second), to, randomOp(own, 4L * to + 2)));
        genes.add(new Gene(Math.max(first, second), to, randomOp(own, 4L * to + 3)));
      }
      cells.add(new Genotype.Cell(kind.name(), genes));
    }
    return new Genotype(name(), cells);
  }

  private String randomOp(Rng rng, long counter) {
    return candidates().get(1 + rng.below(counter, candidates().size() - 1)).name();
  }

  @Override
  public List<Integer> operations() {
    return IntStream.range(1, candidates().size()).boxed().toList();
  }

  /** Of each node both inputs, then their operations. */
  @Override
  public List<Decision> decisions() {
    List<Decision> decisions = new ArrayList<>();
    for (int kind = 0; kind < cells().size(); kind++) {
      for (int to = INPUTS; to < INPUTS + STEPS; to++) {
        decisions.add(new Decision(kind, to, Decision.What.INPUT, to));
        decisions.add(new Decision(kind, to, Decision.What.INPUT, to - 1));
        decisions.add(new Decision(kind, to, Decision.What.OPERATION, operations().size()));
        decisions.add(new Decision(kind, to, Decision.What.OPERATION, operations().size()));
      }
    }
    return decisions;
  }

  @Override
  public Genotype decode(int... choices) {
    List<Genotype.Cell> cells = new ArrayList<>();
    int at = 0;
    for (CellKind kind : cells()) {
      List<Gene> genes = new ArrayList<>();
      for (int to = INPUTS; to < INPUTS + STEPS; to++, at += 4) {
        int first = choices[at];
        int second = choices[at + 1] + (choices[at + 1] >= first ? 1 : 0);
        Gene one = new Gene(first, to, operation(choices[at + 2]));
        Gene other = new Gene(second, to, operation(choices[at + 3]));
        genes.addAll(first < second ? List.of(one, other) : List.of(other, one));
      }
      cells.add(new Genotype.Cell(kind.name(), genes));
    }
    return new Genotype(name(), cells);
  }

  private String operation(int choice) {
    return candidates().get(operations().get(choice)).name();
  }

  /**
   * For each node the two edges whose best operation other than {@code none} is strongest, with
   * that operation.
   */
  @Override
  public Genotype derive(List<float[][]> strengths) {
    List<Genotype.Cell> cells = new ArrayList<>();
    for (int kind = 0; kind < cells().size(); kind++) {
      float[][] strength = strengths.get(kind);
      List<Gene> genes = new ArrayList<>();
      for (int to = INPUTS; to < INPUTS + STEPS; to++) {
        int node = to;
        List<Integer> incoming = new ArrayList<>();
        for (int e = 0; e < EDGES.size(); e++) {
          if (EDGES.get(e).to() == node) {
            incoming.add(e);
          }
        }
        incoming.sort(Comparator.comparingDouble(e -> -strength[e][best(strength[e])]));
        for (int e : incoming.subList(0, 2)) {
          genes.add(
              new Gene(EDGES.get(e).from(), node, candidates().get(best(strength[e])).name()));
        }
      }
      cells.add(new Genotype.Cell(cells().get(kind).name(), genes));
    }
    return new Genotype(name(), cells);
  }

  /** The strongest operation but {@code none}, which is the first. */
  private static int best(float[] strengths) {
    return 1 + org.espalier.op.OneHot.argmax(strengths, 1, strengths.length - 1);
  }

  @Override
  public String format(Genotype genotype) {
    return DartsNotation.format(genotype);
  }

  @Override
  public Genotype parse(String text) {
    return DartsNotation.parse(this, text);
  }

  @Override
  public List<CellGraph> draw(Genotype genotype) {
    List<CellGraph> graphs = new ArrayList<>();
    for (Genotype.Cell cell : genotype.cells()) {
      List<CellGraph.Arrow> arrows = new ArrayList<>();
      cell.genes()
          .forEach(gene -> arrows.add(new CellGraph.Arrow(gene.from(), gene.to(), gene.op())));
      for (int node = INPUTS; node < INPUTS + STEPS; node++) {
        arrows.add(new CellGraph.Arrow(node, INPUTS + STEPS, ""));
      }
      graphs.add(
          new CellGraph(
              cell.name(), List.of("c_{k-2}", "c_{k-1}", "0", "1", "2", "3", "c_{k}"), arrows));
    }
    return graphs;
  }
}
