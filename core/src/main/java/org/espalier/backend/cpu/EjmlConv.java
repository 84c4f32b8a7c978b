package org.espalier.backend.cpu;

import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Unary;
import org.jspecify.annotations.Nullable;

/**
 * Convolution as the textbook has it: for each image and group, the patches under the kernel become
 * the rows of a matrix (im2col), and the rest is one product.
 */
final class EjmlConv {
  private EjmlConv() {}

  static void forward(Backend backend, Fan fan) {
    Buffer x = input(backend, fan);
    for (Fan.Arm arm : fan.arms()) {
      forward(backend, arm.conv(), x, arm.w(), arm.y());
      if (arm.moments() != null) {
        backend.moments(rows(arm), arm.conv().out(), arm.y(), arm.moments());
      }
    }
  }

  static void backward(Backend backend, Fan fan, @Nullable Buffer dx, boolean add) {
    Buffer x = input(backend, fan);
    Buffer sum = backend.allocate(x.size());
    for (Fan.Arm arm : fan.arms()) {
      Buffer dy = backend.allocate(arm.y().size());
      if (arm.upstream() != null) {
        backend.gradient(rows(arm), arm.conv().out(), arm.upstream(), arm.y(), dy, false);
      }
      if (dx != null) {
        gradInput(backend, arm.conv(), dy, arm.w(), sum, true);
      }
      if (arm.dw() != null) {
        gradWeight(backend, arm.conv(), x, dy, arm.dw());
      }
    }
    if (dx != null && fan.relu()) {
      backend.unaryGrad(Unary.RELU, x, sum, dx, add);
    } else if (dx != null) {
      backend.axpby(1, sum, add ? 1 : 0, dx);
    }
  }

  /** What is convolved. */
  private static Buffer input(Backend backend, Fan fan) {
    if (!fan.relu()) {
      return fan.x();
    }
    Buffer rectified = backend.allocate(fan.x().size());
    backend.unary(Unary.RELU, fan.x(), rectified);
    return rectified;
  }

  private static int rows(Fan.Arm arm) {
    return arm.y().size() / arm.conv().out();
  }

  private static void forward(Backend backend, Conv conv, Buffer x, Buffer w, Buffer y) {
    Job job = new Job(backend, conv);
    for (int image = 0; image < conv.n(); image++) {
      for (int group = 0; group < conv.groups(); group++) {
        job.patches(image, group, CpuBuffer.of(x));
        job.weight(group, CpuBuffer.of(w), false);
        backend.gemm(
            false,
            false,
            job.pixels,
            conv.groupOut(),
            job.patch,
            job.columns,
            job.kernel,
            job.result,
            false);
        job.output(image, group, CpuBuffer.of(y), false);
      }
    }
  }

  private static void gradInput(
      Backend backend, Conv conv, Buffer dy, Buffer w, Buffer dx, boolean add) {
    if (!add) {
      backend.fill(dx, 0);
    }
    Job job = new Job(backend, conv);
    for (int image = 0; image < conv.n(); image++) {
      for (int group = 0; group < conv.groups(); group++) {
        job.output(image, group, CpuBuffer.of(dy), true);
        job.weight(group, CpuBuffer.of(w), false);
        backend.gemm(
            false,
            true,
            job.pixels,
            job.patch,
            conv.groupOut(),
            job.result,
            job.kernel,
            job.columns,
            false);
        job.scatter(image, group, CpuBuffer.of(dx));
      }
    }
  }

  private static void gradWeight(Backend backend, Conv conv, Buffer x, Buffer dy, Buffer dw) {
    Job job = new Job(backend, conv);
    for (int group = 0; group < conv.groups(); group++) {
      backend.fill(job.kernel, 0);
      for (int image = 0; image < conv.n(); image++) {
        job.patches(image, group, CpuBuffer.of(x));
        job.output(image, group, CpuBuffer.of(dy), true);
        backend.gemm(
            true,
            false,
            job.patch,
            conv.groupOut(),
            job.pixels,
            job.columns,
            job.result,
            job.kernel,
            true);
      }
      job.weight(group, CpuBuffer.of(dw), true);
    }
  }

  /** The matrices of one image and group, and the copies between them and the tensors. */
  private static final class Job {
    final Conv conv;
    final int pixels;
    final int patch;
    final CpuBuffer columns;
    final CpuBuffer kernel;
    final CpuBuffer result;

    Job(Backend backend, Conv conv) {
      this.conv = conv;
      pixels = conv.outH() * conv.outW();
      patch = conv.kh() * conv.kw() * conv.groupIn();
      columns = CpuBuffer.of(backend.allocate(pixels * patch));
      kernel = CpuBuffer.of(backend.allocate(patch * conv.groupOut()));
      result = CpuBuffer.of(backend.allocate(pixels * conv.groupOut()));
    }

    void patches(int image, int group, CpuBuffer x) {
      eachPatchElement(
          image, group, (element, source) -> columns.set(element, source < 0 ? 0 : x.get(source)));
    }

    void scatter(int image, int group, CpuBuffer dx) {
      eachPatchElement(
          image,
          group,
          (element, target) -> {
            if (target >= 0) {
              dx.put(target, columns.get(element), true);
            }
          });
    }

    /** Copies a group's weight into the kernel matrix, or adds the kernel matrix to it. */
    void weight(int group, CpuBuffer w, boolean back) {
      for (int row = 0; row < patch; row++) {
        for (int o = 0; o < conv.groupOut(); o++) {
          int there = row * conv.out() + group * conv.groupOut() + o;
          if (back) {
            w.put(there, kernel.get(row * conv.groupOut() + o), true);
          } else {
            kernel.set(row * conv.groupOut() + o, w.get(there));
          }
        }
      }
    }

    /** Copies the result matrix into a group's output channels, or back. */
    void output(int image, int group, CpuBuffer y, boolean back) {
      for (int pixel = 0; pixel < pixels; pixel++) {
        for (int o = 0; o < conv.groupOut(); o++) {
          int there = (image * pixels + pixel) * conv.out() + group * conv.groupOut() + o;
          if (back) {
            result.set(pixel * conv.groupOut() + o, y.get(there));
          } else {
            y.set(there, result.get(pixel * conv.groupOut() + o));
          }
        }
      }
    }

    private interface Pair {
      void accept(int element, int input);
    }

    /** Pairs each element of the patch matrix with its place in the input; -1 in the padding. */
    private void eachPatchElement(int image, int group, Pair pair) {
      int element = 0;
      for (int oy = 0; oy < conv.outH(); oy++) {
        for (int ox = 0; ox < conv.outW(); ox++) {
          for (int ky = 0; ky < conv.kh(); ky++) {
            for (int kx = 0; kx < conv.kw(); kx++) {
              int iy = oy * conv.stride() - conv.before() + ky * conv.dilation();
              int ix = ox * conv.stride() - conv.before() + kx * conv.dilation();
              boolean inside = iy >= 0 && iy < conv.h() && ix >= 0 && ix < conv.w();
              int pixel =
                  ((image * conv.h() + iy) * conv.w() + ix) * conv.in() + group * conv.groupIn();
              for (int i = 0; i < conv.groupIn(); i++) {
                pair.accept(element++, inside ? pixel + i : -1);
              }
            }
          }
        }
      }
    }
  }
}
