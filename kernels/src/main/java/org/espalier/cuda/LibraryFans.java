package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Unary;
import org.espalier.backend.Upstream;
import org.espalier.cuda.Cudnn.Product;
import org.jspecify.annotations.Nullable;

/**
 * What cuBLAS and cuDNN compute in place of our kernels, where the options say so: products and
 * pointwise convolutions, and the other convolutions with one group. What our kernels do as they
 * read and write (ReLU, the rule of {@link Upstream}), others of ours do before and behind.
 */
final class LibraryFans implements AutoCloseable {
  /**
   * Bytes that the libraries may write to while they compute. Their calls follow each other on one
   * stream, so that all may have the same.
   */
  static final int WORKSPACE = 64 << 20;

  private final Scratch scratch;
  private final Elementwise elementwise;
  private final Norms norms;
  private final @Nullable Cublas cublas;
  private final @Nullable Cudnn cudnn;

  /**
   * Loads and starts what the options name.
   *
   * @throws org.espalier.InputException if this machine does not have it
   * @throws org.espalier.backend.DeviceException if it does not start
   */
  LibraryFans(
      Device device, Scratch scratch, Elementwise elementwise, Norms norms, CudaOptions options) {
    this.scratch = scratch;
    this.elementwise = elementwise;
    this.norms = norms;
    if (options.libraries()) {
      Libraries libraries = Libraries.ofThisMachine();
      CudaBuffer workspace = device.allocate(WORKSPACE / Float.BYTES);
      boolean tf32 = options.tf32();
      cublas = options.cublas() ? new Cublas(device, libraries, workspace, tf32) : null;
      cudnn = options.cudnn() ? new Cudnn(device, libraries, workspace, tf32) : null;
    } else {
      cublas = null;
      cudnn = null;
    }
  }

  /** Computes a product, unless it is not a library's; returns whether. */
  boolean gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      Buffer a,
      Buffer b,
      Buffer c,
      boolean add) {
    if (cublas != null) {
      cublas.gemm(transposeA, transposeB, m, n, k, a, b, c, add);
    }
    return cublas != null;
  }

  /** Computes the arms that are a library's, but no moments; returns the others. */
  List<Fan.Arm> forward(Fan fan) {
    List<Fan.Arm> others = new ArrayList<>();
    Buffer x = null;
    for (Fan.Arm arm : fan.arms()) {
      if (!takes(arm.conv(), List.of(Product.FORWARD), fan.x(), arm.y())) {
        others.add(arm);
        continue;
      }
      x = x == null ? convolved(fan) : x;
      run(arm.conv(), Product.FORWARD, x, arm.w(), arm.y(), false);
    }
    return others;
  }

  /**
   * Computes the gradients of the arms that are a library's, as Backend.convGrad; leaves dx alone
   * where there are none. Returns the others.
   */
  List<Fan.Arm> backward(Fan fan, List<Fan.Arm> arms, @Nullable Buffer dx, boolean add) {
    List<Fan.Arm> others = new ArrayList<>();
    Buffer x = null;
    Buffer sum = dx; // the gradient of what is convolved
    boolean started = add;
    for (Fan.Arm arm : arms) {
      if (!takesGradients(fan, arm, dx)) {
        others.add(arm);
        continue;
      }
      Buffer dy = gradient(arm);
      if (dx != null && sum == dx && fan.relu()) {
        sum = scratch.take(dx.size());
        started = false;
      }
      if (sum != null) {
        run(arm.conv(), Product.INPUT, arm.w(), dy, sum, started);
        started = true;
      }
      if (arm.dw() != null) {
        x = x == null ? convolved(fan) : x;
        run(arm.conv(), Product.WEIGHT, x, dy, arm.dw(), true);
      }
    }
    if (dx != null && sum != null && sum != dx) {
      elementwise.unaryGrad(Unary.RELU, fan.x(), sum, dx, add);
    }
    return others;
  }

  private boolean takesGradients(Fan fan, Fan.Arm arm, @Nullable Buffer dx) {
    List<Product> wanted = new ArrayList<>();
    if (dx != null) {
      wanted.add(Product.INPUT);
    }
    if (arm.dw() != null) {
      wanted.add(Product.WEIGHT);
    }
    return !wanted.isEmpty() && takes(arm.conv(), wanted, fan.x(), Fans.upstream(arm).g(), dx);
  }

  /**
   * Whether a library computes that; cuDNN knows no shift, and is given nothing that does not start
   * at 16 bytes.
   */
  private boolean takes(Conv c, List<Product> wanted, @Nullable Buffer... buffers) {
    if (c.pointwise()) {
      return cublas != null;
    }
    Cudnn library = cudnn;
    return library != null
        && c.groups() == 1
        && c.shift() == 0
        && Lanes.width(buffers) == 4
        && wanted.stream().allMatch(product -> library.knows(c, product));
  }

  /** What is convolved: x, or its positive part. */
  private Buffer convolved(Fan fan) {
    if (!fan.relu()) {
      return fan.x();
    }
    Buffer positive = scratch.take(fan.x().size());
    elementwise.unary(Unary.RELU, fan.x(), positive);
    return positive;
  }

  /** The gradient of an arm's result, written out. */
  private Buffer gradient(Fan.Arm arm) {
    Upstream upstream = Fans.upstream(arm);
    if (upstream.coefficients() == null) {
      return upstream.g();
    }
    Buffer dy = scratch.take(arm.conv().outSize());
    norms.gradient(dy.size() / arm.conv().out(), arm.conv().out(), upstream, arm.y(), dy, false);
    return dy;
  }

  /** c (+)= that, of a and b in the order of their {@link Product}; weights as ours are. */
  private void run(Conv conv, Product product, Buffer a, Buffer b, Buffer c, boolean add) {
    int pixels = conv.n() * conv.outH() * conv.outW();
    int in = conv.kh() * conv.kw() * conv.in();
    int out = conv.out();
    if (conv.pointwise() && cublas != null) {
      switch (product) {
        case FORWARD -> cublas.gemm(false, false, pixels, out, in, a, b, c, add);
        case INPUT -> cublas.gemm(false, true, pixels, in, out, b, a, c, add);
        case WEIGHT -> cublas.gemm(true, false, in, out, pixels, a, b, c, add);
      }
    } else if (cudnn != null) {
      Buffer weight = scratch.take(conv.weightSize()); // as cuDNN has it: [out, kh, kw, in]
      switch (product) {
        case FORWARD -> {
          elementwise.transpose(in, out, b, weight, false);
          cudnn.run(conv, product, a, weight, c, add);
        }
        case INPUT -> {
          elementwise.transpose(in, out, a, weight, false);
          cudnn.run(conv, product, weight, b, c, add);
        }
        case WEIGHT -> {
          cudnn.run(conv, product, a, b, weight, false);
          elementwise.transpose(out, in, weight, c, add);
        }
      }
    }
  }

  @Override
  public void close() {
    if (cublas != null) {
      cublas.close();
    }
    if (cudnn != null) {
      cudnn.close();
    }
  }
}
