package org.espalier.cuda;

import org.espalier.backend.Buffer;

/** The launches of probability.cu: a warp to a row. */
final class Probabilities {
  private final Launch launch;
  private final Scratch scratch;
  private final Reductions reductions;
  private final Kernel softmax;
  private final Kernel softmaxGrad;
  private final Kernel crossEntropy;
  private final Kernel crossEntropyGrad;

  Probabilities(Device device, Scratch scratch, Reductions reductions) {
    launch = device.launch();
    this.scratch = scratch;
    this.reductions = reductions;
    softmax = device.kernel("probability", "softmax");
    softmaxGrad = device.kernel("probability", "softmax_grad");
    crossEntropy = device.kernel("probability", "cross_entropy");
    crossEntropyGrad = device.kernel("probability", "cross_entropy_grad");
  }

  void softmax(int rows, int cols, Buffer x, Buffer y) {
    launch.begin().reads(x).writes(y).i32(rows).i32(cols);
    launch.run(softmax, warps(rows), Lanes.BLOCK);
  }

  void softmaxGrad(int rows, int cols, Buffer y, Buffer dy, Buffer dx, boolean add) {
    launch.begin().reads(y).reads(dy).writes(dx).i32(rows).i32(cols).bool(add);
    launch.run(softmaxGrad, warps(rows), Lanes.BLOCK);
  }

  void crossEntropy(
      int rows,
      int classes,
      float smoothing,
      Buffer logits,
      Buffer labels,
      Buffer probabilities,
      Buffer loss) {
    CudaBuffer losses = scratch.begin().take(rows);
    launch.begin().reads(logits).reads(labels).writes(probabilities).writes(losses);
    launch.f32(smoothing).i32(rows).i32(classes);
    launch.run(crossEntropy, warps(rows), Lanes.BLOCK);
    reductions.joinRows(1, rows, 1, 1f / rows, losses, loss, false);
  }

  void crossEntropyGrad(
      int rows,
      int classes,
      float smoothing,
      Buffer probabilities,
      Buffer labels,
      Buffer dloss,
      Buffer dlogits,
      boolean add) {
    launch.begin().reads(probabilities).reads(labels).reads(dloss).writes(dlogits);
    launch.f32(smoothing).i32(rows).i32(classes).bool(add);
    launch.run(crossEntropyGrad, Lanes.blocks(rows * classes, 1), Lanes.BLOCK);
  }

  private static int warps(int rows) {
    return Lanes.ceil(rows, Lanes.BLOCK / 32);
  }
}
