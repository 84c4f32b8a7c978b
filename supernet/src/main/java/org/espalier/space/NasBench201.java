package org.espalier.space;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.candidate.Branch;
import org.espalier.candidate.CandidateOp;
import org.espalier.candidate.Candidates;
import org.espalier.candidate.ReluConvBn;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.BatchNorm2d.Policy;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Linear;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena.Namespace;
import org.espalier.op.Add;
import org.espalier.op.GlobalAvgPool;
import org.espalier.op.Pool2d;
import org.espalier.op.Relu;
import org.espalier.supernet.MixedCell;
import org.espalier.supernet.MixedEdge;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * NAS-Bench-201 (Dong and Yang 2020), the topology space of NATS-Bench: a cell of 4 nodes and 6
 * edges, 5 candidates, 15,625 architectures; 3 stages of N cells with C, 2C and 4C channels,
 * residual blocks of stride 2 in between.
 */
final class NasBench201 implements SearchSpace {
  private static final int NODES = 4;
  private static final List<Edge> EDGES = edges();

  private static List<Edge> edges() {
    List<Edge> edges = new ArrayList<>();
    for (int to = 1; to < NODES; to++) {
      for (int from = 0; from < to; from++) {
        edges.add(new Edge(from, to));
      }
    }
    return List.copyOf(edges);
  }

  @Override
  public String name() {
    return "nasbench201";
  }

  @Override
  public String description() {
    return "cell of 4 nodes and 6 edges, 5 operations, 15,625 architectures (Dong and Yang 2020)";
  }

  @Override
  public List<CandidateOp> candidates() {
    return List.of(
        Candidates.NONE,
        Candidates.SKIP,
        Candidates.CONV_1X1,
        Candidates.CONV_3X3,
        Candidates.AVG_POOL);
  }

  @Override
  public List<CellKind> cells() {
    return List.of(new CellKind("cell", EDGES));
  }

  @Override
  public int granularity() {
    return 4;
  }

  /** A cell as a function of its input; the selections matter in the supernet only. */
  private interface Cell {
    Tensor forward(Tape tape, Tensor x, @Nullable Selections selections);
  }

  @Override
  public Supernet.Body supernet(Namespace root, Size size) {
    return skeleton(root, size, Policy.SEARCH_AFFINE, this::mixedCell)::forward;
  }

  @Override
  public Network network(Namespace root, Genotype genotype, Size size, boolean auxiliary) {
    Cell net =
        skeleton(root, size, Policy.TRAIN, (in, channels) -> fixedCell(in, channels, genotype));
    return (tape, images, dropPath) -> new Network.Output(net.forward(tape, images, null), null);
  }

  private interface CellBuilder {
    Cell build(Namespace in, int channels);
  }

  /** What surrounds the cells: stem, stages, residual blocks and head. */
  private static Cell skeleton(Namespace root, Size size, Policy norm, CellBuilder cell) {
    int channels = size.channels();
    Module stem =
        Conv2d.same(root, "stem.conv.weight", size.inputChannels(), channels, 3, 1)
            .then(new BatchNorm2d(root, "stem.bn", channels, norm));
    List<Cell> cells = new ArrayList<>();
    for (int stage = 0; stage < 3; stage++) {
      if (stage > 0) {
        Module block = residual(root.child("cells." + cells.size()), channels, norm);
        cells.add((tape, x, selections) -> block.forward(tape, x));
        channels *= 2;
      }
      for (int i = 0; i < size.cells(); i++) {
        cells.add(cell.build(root.child("cells." + cells.size()), channels));
      }
    }
    Module head =
        new BatchNorm2d(root, "head.bn", channels, norm)
            .then((tape, x) -> tape.apply(new GlobalAvgPool(), tape.apply(new Relu(), x)))
            .then(new Linear(root, "classifier", channels, size.classes()));
    return (tape, images, selections) -> {
      Tensor x = tape.scope(() -> stem.forward(tape, images));
      for (Cell each : cells) {
        Tensor input = x;
        x = tape.scope(() -> each.forward(tape, input, selections));
      }
      return head.forward(tape, x);
    };
  }

  /** The block between stages: doubles the channels and halves the extent. */
  private static Module residual(Namespace in, int channels, Policy norm) {
    Module body =
        ReluConvBn.of(in.child("a"), channels, 2 * channels, 3, 2, norm)
            .then(ReluConvBn.of(in.child("b"), 2 * channels, 2 * channels, 3, 1, norm));
    Module shortcut =
        ((Module) (tape, x) -> tape.apply(Pool2d.average(2, 2, 0), x))
            .then(Conv2d.same(in, "shortcut.conv.weight", channels, 2 * channels, 1, 1));
    return (tape, x) -> tape.apply(new Add(), shortcut.forward(tape, x), body.forward(tape, x));
  }

  private Cell mixedCell(Namespace in, int channels) {
    List<MixedEdge> edges =
        EDGES.stream()
            .map(e -> new MixedEdge(in.child("edge." + e), candidates(), channels, 1))
            .toList();
    MixedCell cell = new MixedCell(edges, 0);
    return (tape, x, selections) ->
        cell.states(tape, List.of(x), NODES - 1, x.shape(), Objects.requireNonNull(selections))
            .getLast();
  }

  private Cell fixedCell(Namespace in, int channels, Genotype genotype) {
    List<@Nullable Branch> edges = new ArrayList<>();
    for (Gene gene : genotype.cells().getFirst().genes()) {
      Namespace own = in.child("edge." + gene.from() + "-" + gene.to()).child(gene.op());
      edges.add(candidates().get(candidate(gene.op())).build(own, channels, 1, Policy.TRAIN));
    }
    return (tape, x, selections) -> {
      List<Tensor> nodes = new ArrayList<>(List.of(x));
      for (int to = 1; to < NODES; to++) {
        List<Tensor> values = new ArrayList<>();
        for (int from = 0; from < to; from++) {
          Branch branch = edges.get(index(from, to));
          if (branch != null) {
            values.add(branch.forward(tape, nodes.get(from)));
          }
        }
        nodes.add(
            switch (values.size()) {
              case 0 -> tape.filled(x.shape(), 0);
              case 1 -> values.getFirst();
              default -> tape.apply(new Add(), values.toArray(Tensor[]::new));
            });
      }
      return nodes.getLast();
    };
  }

  private static int index(int from, int to) {
    return to * (to - 1) / 2 + from;
  }

  @Override
  public Genotype random(Rng rng) {
    return genotype(e -> rng.below(e, candidates().size()));
  }

  /** On each edge the strongest candidate, {@code none} included. */
  @Override
  public Genotype derive(List<float[][]> strengths) {
    float[][] alpha = strengths.getFirst();
    return genotype(e -> org.espalier.op.OneHot.argmax(alpha[e], 0, alpha[e].length));
  }

  @Override
  public List<Integer> operations() {
    return IntStream.range(0, candidates().size()).boxed().toList();
  }

  /** The operation of each edge. */
  @Override
  public List<Decision> decisions() {
    return EDGES.stream()
        .map(edge -> new Decision(0, edge.to(), Decision.What.OPERATION, candidates().size()))
        .toList();
  }

  @Override
  public Genotype decode(int... choices) {
    return genotype(e -> choices[e]);
  }

  private Genotype genotype(Function<Integer, Integer> choice) {
    List<Gene> genes = new ArrayList<>();
    for (int e = 0; e < EDGES.size(); e++) {
      Edge edge = EDGES.get(e);
      genes.add(new Gene(edge.from(), edge.to(), candidates().get(choice.apply(e)).name()));
    }
    return new Genotype(name(), List.of(new Genotype.Cell("cell", genes)));
  }

  /**
   * Such as {@code
   * |nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|}.
   */
  @Override
  public String format(Genotype genotype) {
    StringBuilder text = new StringBuilder();
    int node = 0;
    for (Gene gene : genotype.cells().getFirst().genes()) {
      if (gene.to() != node) {
        text.append(node == 0 ? "|" : "+|");
        node = gene.to();
      }
      text.append(gene.op()).append('~').append(gene.from()).append('|');
    }
    return text.toString();
  }

  @Override
  public Genotype parse(String text) {
    List<Gene> genes = new ArrayList<>();
    String[] nodes = text.strip().split("\\+", -1);
    if (nodes.length != NODES - 1) {
      throw malformed(text, "it has " + nodes.length + " nodes separated by '+', 3 are wanted");
    }
    for (int to = 1; to < NODES; to++) {
      String node = nodes[to - 1].strip();
      String[] inputs =
          node.startsWith("|") && node.endsWith("|") && node.length() > 1
              ? node.substring(1, node.length() - 1).split("\\|", -1)
              : new String[0];
      if (inputs.length != to) {
        throw malformed(
            text,
            "node " + to + " is '" + node + "', " + to + " operations between '|' are wanted");
      }
      for (int from = 0; from < to; from++) {
        String op =
            inputs[from].endsWith("~" + from)
                ? inputs[from].substring(0, inputs[from].lastIndexOf('~'))
                : "";
        if (candidates().stream().noneMatch(candidate -> candidate.name().equals(op))) {
          throw malformed(
              text,
              "'"
                  + inputs[from]
                  + "' is not one of "
                  + String.join(", ", candidates().stream().map(CandidateOp::name).toList())
                  + " followed by ~"
                  + from);
        }
        genes.add(new Gene(from, to, op));
      }
    }
    return new Genotype(name(), List.of(new Genotype.Cell("cell", genes)));
  }

  private static InputException malformed(String text, String why) {
    return new InputException(
        ("'" + text + "' is not a NAS-Bench-201 architecture: " + why).replaceAll("\\s+", " "));
  }

  @Override
  public List<CellGraph> draw(Genotype genotype) {
    return List.of(
        new CellGraph(
            "cell",
            List.of("input", "1", "2", "output"),
            genotype.cells().getFirst().genes().stream()
                .map(gene -> new CellGraph.Arrow(gene.from(), gene.to(), gene.op()))
                .toList()));
  }
}
