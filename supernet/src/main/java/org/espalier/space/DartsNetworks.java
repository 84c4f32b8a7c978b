package org.espalier.space;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.candidate.Branch;
import org.espalier.candidate.FactorizedReduce;
import org.espalier.candidate.ReluConvBn;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.BatchNorm2d.Policy;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Linear;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena.Namespace;
import org.espalier.op.Add;
import org.espalier.op.Concat;
import org.espalier.op.Dropout;
import org.espalier.op.GlobalAvgPool;
import org.espalier.op.Pool2d;
import org.espalier.op.Relu;
import org.espalier.supernet.MixedCell;
import org.espalier.supernet.MixedEdge;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The search and evaluation networks of the DARTS space: the same chain of cells around different
 * cells.
 */
final class DartsNetworks {
  private static final int STEM_MULTIPLIER = 3;

  private DartsNetworks() {}

  /** What a pass brings to every cell. */
  private record Pass(Tape tape, @Nullable Selections selections, float dropPath) {}

  /** The nodes of a cell from its two preprocessed inputs. */
  private interface Nodes {
    Tensor concat(Pass pass, Tensor s0, Tensor s1);
  }

  private interface CellBuilder {
    Nodes build(Namespace in, int channels, boolean reduction);
  }

  /** A cell: both inputs brought to its number of channels, then its nodes. */
  private record Cell(Module pre0, Module pre1, Nodes nodes) {
    Tensor forward(Pass pass, Tensor before, Tensor last) {
      return nodes.concat(pass, pre0.forward(pass.tape, before), pre1.forward(pass.tape, last));
    }
  }

  /** Stem, cells and classifier; {@code auxiliaryAfter} is the cell the auxiliary head looks at. */
  private record Chain(
      Module stem,
      List<Cell> cells,
      Module classifier,
      int auxiliaryAfter,
      @Nullable Module auxiliary) {
    Network.Output forward(Pass pass, Tensor images) {
      Tape tape = pass.tape;
      Tensor before = tape.scope(() -> stem.forward(tape, images));
      Tensor last = before;
      Tensor side = null;
      for (int i = 0; i < cells.size(); i++) {
        Cell cell = cells.get(i);
        Tensor s0 = before;
        Tensor s1 = last;
        before = last;
        last = tape.scope(() -> cell.forward(pass, s0, s1));
        if (i == auxiliaryAfter && auxiliary != null && tape.training()) {
          side = auxiliary.forward(tape, last);
        }
      }
      Tensor end = last;
      return new Network.Output(
          classifier.forward(tape, tape.apply(new GlobalAvgPool(), end)), side);
    }
  }

  static Supernet.Body supernet(DartsSpace space, Namespace root, SearchSpace.Size size) {
    Chain chain =
        chain(
            root,
            size,
            Policy.SEARCH_AFFINE,
            Policy.SEARCH,
            null,
            (in, channels, reduction) -> mixed(space, in, channels, reduction));
    return (tape, images, selections) ->
        chain.forward(new Pass(tape, selections, 0), images).logits();
  }

  /** The widths of the auxiliary head's two convolutions. */
  record AuxiliaryWidths(int first, int second) {
    static final AuxiliaryWidths PUBLISHED = new AuxiliaryWidths(128, 768);
  }

  /** With {@code auxiliary}, an auxiliary head of these widths. */
  static Network network(
      DartsSpace space,
      Namespace root,
      Genotype genotype,
      SearchSpace.Size size,
      @Nullable AuxiliaryWidths auxiliary) {
    Chain chain =
        chain(
            root,
            size,
            Policy.TRAIN,
            Policy.TRAIN,
            auxiliary,
            (in, channels, reduction) ->
                fixed(
                    space,
                    in,
                    channels,
                    reduction,
                    genotype.cells().get(reduction ? DartsSpace.REDUCE : DartsSpace.NORMAL)));
    return (tape, images, dropPath) -> chain.forward(new Pass(tape, null, dropPath), images);
  }

  private static Chain chain(
      Namespace root,
      SearchSpace.Size size,
      Policy outer,
      Policy inner,
      @Nullable AuxiliaryWidths auxiliary,
      CellBuilder builder) {
    int layers = size.cells();
    int stemChannels = STEM_MULTIPLIER * size.channels();
    Module stem =
        Conv2d.same(root, "stem.conv.weight", size.inputChannels(), stemChannels, 3, 1)
            .then(new BatchNorm2d(root, "stem.bn", stemChannels, outer));
    List<Cell> cells = new ArrayList<>();
    int channels = size.channels();
    int before = stemChannels;
    int last = stemChannels;
    boolean reduced = false;
    Module head = null;
    for (int i = 0; i < layers; i++) {
      boolean reduction = i == layers / 3 || i == 2 * layers / 3;
      channels *= reduction ? 2 : 1;
      Namespace in = root.child("cells." + i);
      Module pre0 =
          reduced
              ? FactorizedReduce.of(in.child("pre0"), before, channels, inner)
              : ReluConvBn.of(in.child("pre0"), before, channels, 1, 1, inner);
      Module pre1 = ReluConvBn.of(in.child("pre1"), last, channels, 1, 1, inner);
      cells.add(new Cell(pre0, pre1, builder.build(in, channels, reduction)));
      before = last;
      last = DartsSpace.STEPS * channels;
      reduced = reduction;
      if (auxiliary != null && i == 2 * layers / 3) {
        head = auxiliaryHead(root.child("aux"), last, auxiliary, size.classes());
      }
    }
    return new Chain(
        stem, cells, new Linear(root, "classifier", last, size.classes()), 2 * layers / 3, head);
  }

  private static Nodes mixed(DartsSpace space, Namespace in, int channels, boolean reduction) {
    List<SearchSpace.Edge> edges = space.cells().getFirst().edges();
    List<MixedEdge> built = new ArrayList<>();
    for (SearchSpace.Edge edge : edges) {
      built.add(
          new MixedEdge(
              in.child("edge." + edge),
              space.candidates(),
              channels,
              stride(reduction, edge.from())));
    }
    MixedCell cell = new MixedCell(built, reduction ? DartsSpace.REDUCE : DartsSpace.NORMAL);
    return (pass, s0, s1) -> {
      List<Tensor> states =
          cell.states(
              pass.tape,
              List.of(s0, s1),
              DartsSpace.STEPS,
              nodeShape(s0.shape(), reduction),
              Objects.requireNonNull(pass.selections));
      return concat(pass.tape, states);
    };
  }

  private static Nodes fixed(
      DartsSpace space, Namespace in, int channels, boolean reduction, Genotype.Cell cell) {
    List<Branch> branches = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    for (Gene gene : cell.genes()) {
      String edge = "edge." + gene.from() + "-" + gene.to();
      Namespace own = in.child(taken.add(edge) ? edge : edge + "b").child(gene.op());
      Branch branch =
          space
              .candidates()
              .get(space.candidate(gene.op()))
              .build(own, channels, stride(reduction, gene.from()), Policy.TRAIN);
      if (branch == null) {
        throw new IllegalArgumentException("genotype: an edge cannot take '" + gene.op() + "'");
      }
      branches.add(branch);
    }
    return (pass, s0, s1) -> {
      List<Tensor> states = new ArrayList<>(List.of(s0, s1));
      for (int i = 0; i < branches.size(); i += 2) {
        Tensor left = path(pass, branches.get(i), states.get(cell.genes().get(i).from()));
        Tensor right = path(pass, branches.get(i + 1), states.get(cell.genes().get(i + 1).from()));
        states.add(pass.tape.apply(new Add(), left, right));
      }
      return concat(pass.tape, states);
    };
  }

  /** A branch with drop path (Larsson et al. 2017), which never falls on an identity. */
  private static Tensor path(Pass pass, Branch branch, Tensor x) {
    Tensor y = branch.forward(pass.tape, x);
    return pass.dropPath > 0 && pass.tape.training() && branch != Branch.IDENTITY
        ? pass.tape.apply(new Dropout(pass.dropPath, true, pass.tape.nextStream()), y)
        : y;
  }

  private static Tensor concat(Tape tape, List<Tensor> states) {
    return tape.apply(
        new Concat(3), states.subList(DartsSpace.INPUTS, states.size()).toArray(Tensor[]::new));
  }

  private static int stride(boolean reduction, int from) {
    return reduction && from < DartsSpace.INPUTS ? 2 : 1;
  }

  private static Shape nodeShape(Shape input, boolean reduction) {
    return reduction ? input.with(1, input.dim(1) / 2).with(2, input.dim(2) / 2) : input;
  }

  /** The auxiliary head for 8x8 maps: [N, 8, 8, C] -> [N, classes]. */
  private static Module auxiliaryHead(
      Namespace in, int channels, AuxiliaryWidths widths, int classes) {
    int first = widths.first;
    int second = widths.second;
    Module relu = (tape, x) -> tape.apply(new Relu(), x);
    return relu.then((tape, x) -> tape.apply(Pool2d.average(5, 3, 0), x))
        .then(Conv2d.same(in, "conv1.weight", channels, first, 1, 1))
        .then(new BatchNorm2d(in, "bn1", first, Policy.TRAIN))
        .then(relu)
        .then(
            Conv2d.of(in, "conv2.weight", first, second, 2, new org.espalier.op.Conv2d(1, 0, 1, 1)))
        .then(new BatchNorm2d(in, "bn2", second, Policy.TRAIN))
        .then(relu)
        .then((tape, x) -> tape.apply(new GlobalAvgPool(), x))
        .then(new Linear(in, "classifier", second, classes));
  }
}
