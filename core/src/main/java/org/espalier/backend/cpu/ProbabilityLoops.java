package org.espalier.backend.cpu;

/** Softmax and cross-entropy, row by row, in double precision. */
final class ProbabilityLoops {
  private ProbabilityLoops() {}

  static void softmax(int rows, int cols, CpuBuffer x, CpuBuffer y) {
    for (int r = 0; r < rows; r++) {
      double shift = logSumExp(r, cols, x);
      for (int c = 0; c < cols; c++) {
        y.set(r * cols + c, (float) Math.exp(x.get(r * cols + c) - shift));
      }
    }
  }

  static void softmaxGrad(
      int rows, int cols, CpuBuffer y, CpuBuffer dy, CpuBuffer dx, boolean add) {
    for (int r = 0; r < rows; r++) {
      double dot = 0;
      for (int c = 0; c < cols; c++) {
        dot += (double) y.get(r * cols + c) * dy.get(r * cols + c);
      }
      for (int c = 0; c < cols; c++) {
        int i = r * cols + c;
        dx.put(i, (float) (y.get(i) * (dy.get(i) - dot)), add);
      }
    }
  }

  static void crossEntropy(
      int rows, int classes, float smoothing, CpuBuffer logits, CpuBuffer labels, CpuBuffer loss) {
    double total = 0;
    for (int r = 0; r < rows; r++) {
      double shift = logSumExp(r, classes, logits);
      for (int c = 0; c < classes; c++) {
        double target = target(labels, r, c, classes, smoothing);
        if (target != 0) {
          total -= target * (logits.get(r * classes + c) - shift);
        }
      }
    }
    loss.set(0, (float) (total / rows));
  }

  static void crossEntropyGrad(
      int rows,
      int classes,
      float smoothing,
      CpuBuffer probabilities,
      CpuBuffer labels,
      float dloss,
      CpuBuffer dlogits,
      boolean add) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < classes; c++) {
        int i = r * classes + c;
        double difference = probabilities.get(i) - target(labels, r, c, classes, smoothing);
        dlogits.put(i, (float) (dloss * difference / rows), add);
      }
    }
  }

  private static double target(CpuBuffer labels, int row, int c, int classes, float smoothing) {
    return (labels.get(row) == c ? 1 - smoothing : 0) + smoothing / classes;
  }

  private static double logSumExp(int row, int cols, CpuBuffer x) {
    float max = Float.NEGATIVE_INFINITY;
    for (int c = 0; c < cols; c++) {
      max = Math.max(max, x.get(row * cols + c));
    }
    double sum = 0;
    for (int c = 0; c < cols; c++) {
      sum += Math.exp(x.get(row * cols + c) - max);
    }
    return max + Math.log(sum);
  }
}
