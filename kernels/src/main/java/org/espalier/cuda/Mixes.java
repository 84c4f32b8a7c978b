package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Mix;
import org.jspecify.annotations.Nullable;

/** The launches of mix.cu. */
final class Mixes {
  /** Terms of one launch: MIX_TERMS in mix.cu. More are summed by further launches. */
  private static final int TERMS = 40;

  /**
   * Blocks that keep a large GPU's memory busy: a term follows the other, so that few blocks would
   * mostly wait. The second stage reads what each block of the gradient leaves, so these are fewer.
   */
  private static final int BLOCKS = 256;

  private static final int GRAD_BLOCKS = 128;

  private final Launch launch;
  private final Scratch scratch;
  private final Elementwise elementwise;
  private final Lanes sum;
  private final Lanes grad;
  private final Kernel gradJoin;

  Mixes(Device device, Scratch scratch, Elementwise elementwise) {
    launch = device.launch();
    this.scratch = scratch;
    this.elementwise = elementwise;
    sum = Lanes.of(device, "mix", "mixed_sum");
    grad = Lanes.of(device, "mix", "mixed_sum_grad_parts");
    gradJoin = device.kernel("mix", "mixed_sum_grad_join");
  }

  void forward(Mix mix, Buffer weights, Buffer y) {
    List<Mix.Term> computed = mix.terms().stream().filter(term -> term.x() != null).toList();
    if (computed.isEmpty()) {
      elementwise.fill(y, 0);
    }
    List<@Nullable Buffer> read = new ArrayList<>();
    computed.forEach(term -> read.add(term.x()));
    computed.forEach(term -> read.add(term.moments()));
    read.add(y);
    Rows over = Rows.of(mix.rows(), mix.channels(), read.toArray(new Buffer[0])).spread(BLOCKS);
    for (int from = 0; from < computed.size(); from += TERMS) {
      List<Mix.Term> some = computed.subList(from, Math.min(computed.size(), from + TERMS));
      launch.begin().reads(weights).writes(y);
      launch.f32(mix.eps()).i32(some.size()).i32(mix.rows()).i32(mix.channels());
      launch.i32(over.lanes()).i32(over.depth()).bool(from > 0);
      for (Mix.Term term : some) {
        launch.reads(term.x()).reads(term.moments()).i32(term.weight()).i32(0);
      }
      over.run(launch, sum);
    }
  }

  void backward(Mix mix, Buffer weights, Buffer dy, @Nullable Buffer dWeights) {
    List<@Nullable Buffer> read = new ArrayList<>();
    for (Mix.Term term : mix.terms()) {
      read.add(term.x());
      read.add(term.moments());
      read.add(term.moments() == null ? term.gradient() : null);
    }
    read.add(dy);
    Rows over =
        Rows.of(mix.rows(), mix.channels(), read.toArray(new Buffer[0])).spread(GRAD_BLOCKS);
    for (int from = 0; from < mix.terms().size(); from += TERMS) {
      int to = Math.min(mix.terms().size(), from + TERMS);
      backward(mix, mix.terms().subList(from, to), over, weights, dy, dWeights);
    }
  }

  private void backward(
      Mix mix,
      List<Mix.Term> terms,
      Rows over,
      Buffer weights,
      Buffer dy,
      @Nullable Buffer dWeights) {
    int size = over.patches() * (1 + terms.size()) * mix.channels();
    CudaBuffer parts = scratch.begin().take(size);
    launch.begin().reads(weights).reads(dy).writes(parts).i32(terms.size());
    launch.i32(mix.rows()).i32(mix.channels()).i32(over.lanes()).i32(over.depth());
    for (Mix.Term term : terms) {
      launch.reads(term.x()).reads(term.moments());
      gradient(term, term.moments() == null);
    }
    over.run(launch, grad);
    launch.begin().reads(weights).reads(parts).writes(dWeights);
    launch.f32(mix.eps()).i32(terms.size()).i32(over.patches()).i32(mix.rows());
    launch.i32(mix.channels());
    for (Mix.Term term : terms) {
      launch.i64(CudaBuffer.address(term.x())).reads(term.moments());
      gradient(term, term.moments() != null);
    }
    launch.run(gradJoin, terms.size(), Lanes.BLOCK);
  }

  /** Where a term's gradient goes: of the two stages, one writes it. */
  private void gradient(Mix.Term term, boolean here) {
    if (here) {
      launch.writes(term.gradient());
    } else {
      launch.i64(CudaBuffer.address(term.gradient()));
    }
    launch.i32(term.weight()).bool(term.add());
  }
}
