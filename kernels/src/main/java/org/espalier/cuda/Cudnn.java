package org.espalier.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.jspecify.annotations.Nullable;

/**
 * cuDNN 9, by the calls that it has had since version 7: convolutions with one group of {@code [n,
 * h, w, c]}, with weights {@code [out, kh, kw, in]}. Of its algorithms those count that give the
 * same bits each time.
 */
final class Cudnn implements AutoCloseable {
  private static final String NAME = "libcudnn.so.9";

  // Of cudnn_graph.h: values of its enumerations.
  private static final int FLOAT = 0;
  private static final int NHWC = 1;
  private static final int CROSS_CORRELATION = 1;
  private static final int DEFAULT_MATH = 0;
  private static final int FMA_MATH = 3;
  private static final int DETERMINISTIC = 1;
  private static final int NOT_SUPPORTED = 3; // thousands

  /** As many algorithms as there are. */
  private static final int ALGORITHMS = 8;

  /** Bytes of what it says of an algorithm: cudnnConvolutionFwdAlgoPerf_t and its like. */
  private static final int PERFORMANCE = 48;

  private final Launch launch;
  private final Queue queue;
  private final CudaBuffer workspace;
  private final boolean tf32;
  private final NativeLibrary library;
  private final long handle;
  private final Map<Wanted, Optional<Integer>> numbers = new HashMap<>();
  private final List<Descriptor> descriptors = new ArrayList<>();

  /** What of a convolution is computed: of which two the third. */
  enum Product {
    /** The result, of x and w. */
    FORWARD("Forward"),
    /** The gradient of x, of w and that of the result. */
    INPUT("BackwardData"),
    /** The gradient of w, of x and that of the result. */
    WEIGHT("BackwardFilter");

    private final String word;

    Product(String word) {
      this.word = word;
    }
  }

  private record Wanted(Conv conv, Product product) {}

  private record Descriptor(String kind, long address) {}

  /**
   * Loads and starts it.
   *
   * @param workspace what it may write to while it computes
   * @throws org.espalier.InputException if this machine has none
   * @throws org.espalier.backend.DeviceException if it does not start
   */
  Cudnn(Device device, Libraries libraries, CudaBuffer workspace, boolean tf32) {
    launch = device.launch();
    queue = device.queue();
    this.workspace = workspace;
    this.tf32 = tf32;
    List<Path> files =
        new ArrayList<>(Nvrtc.files(Nvrtc.find(libraries))); // it may look for these by name
    files.addAll(Cublas.files(libraries));
    files.add(Libraries.require(find(libraries), "cudnn", NAME));
    library = NativeLibrary.of(files, "cudnnGetErrorString");
    handle = library.create("cudnnCreate");
    library.call("cudnnSetStream", handle, device.streamAddress());
  }

  /** Its library; null if this machine has none. */
  static @Nullable Path find(Libraries libraries) {
    return libraries.exactly(NAME);
  }

  /** Whether it computes that. */
  boolean knows(Conv conv, Product product) {
    return number(conv, product).isPresent();
  }

  /** c (+)= that, of a and b in the order of their {@link Product}; all start at 16 bytes. */
  void run(Conv conv, Product product, Buffer a, Buffer b, Buffer c, boolean add) {
    int number = number(conv, product).orElseThrow();
    launch.begin().reads(a).reads(b).writes(c).bool(add).call(number);
  }

  private Optional<Integer> number(Conv conv, Product product) {
    Wanted wanted = new Wanted(conv, product);
    Optional<Integer> known = numbers.get(wanted);
    if (known == null) {
      known = Optional.ofNullable(plan(conv, product)).map(queue::add);
      numbers.put(wanted, known);
    }
    return known;
  }

  /** A product of one geometry by one algorithm. */
  private final class Planned implements LibraryCall {
    private final String function;
    private final long[] tensors;
    private final long conv;
    private final int algorithm;

    Planned(String function, long[] tensors, long conv, int algorithm) {
      this.function = function;
      this.tensors = tensors;
      this.conv = conv;
      this.algorithm = algorithm;
    }

    @Override
    public String name() {
      return function;
    }

    @Override
    public void issue(ByteBuffer arguments, int at) {
      library.call(
          function,
          handle,
          NativeLibrary.factor(true),
          tensors[0],
          arguments.getLong(at),
          tensors[1],
          arguments.getLong(at + 8),
          conv,
          algorithm,
          CudaBuffer.address(workspace),
          bytes(),
          NativeLibrary.factor(arguments.getInt(at + 24) != 0),
          tensors[2],
          arguments.getLong(at + 16));
    }
  }

  private long bytes() {
    return 4L * workspace.size();
  }

  private @Nullable Planned plan(Conv c, Product product) {
    long x = tensor(c.n(), c.in(), c.h(), c.w());
    long y = tensor(c.n(), c.out(), c.outH(), c.outW());
    long w = descriptor("Filter");
    library.call("cudnnSetFilter4dDescriptor", w, FLOAT, NHWC, c.out(), c.in(), c.kh(), c.kw());
    long conv = descriptor("Convolution");
    library.call(
        "cudnnSetConvolution2dDescriptor",
        conv,
        c.pad(),
        c.pad(),
        c.stride(),
        c.stride(),
        c.dilation(),
        c.dilation(),
        CROSS_CORRELATION,
        FLOAT);
    library.call("cudnnSetConvolutionGroupCount", conv, 1);
    library.call("cudnnSetConvolutionMathType", conv, tf32 ? DEFAULT_MATH : FMA_MATH);
    long[] tensors =
        switch (product) {
          case FORWARD -> new long[] {x, w, y};
          case INPUT -> new long[] {w, y, x};
          case WEIGHT -> new long[] {x, y, w};
        };
    Integer algorithm = algorithm(product, tensors, conv);
    return algorithm == null
        ? null
        : new Planned("cudnnConvolution" + product.word, tensors, conv, algorithm);
  }

  private long tensor(int n, int channels, int h, int w) {
    long tensor = descriptor("Tensor");
    library.call("cudnnSetTensor4dDescriptor", tensor, NHWC, FLOAT, n, channels, h, w);
    return tensor;
  }

  private long descriptor(String kind) {
    long made = library.create("cudnnCreate" + kind + "Descriptor");
    descriptors.add(new Descriptor(kind, made));
    return made;
  }

  /**
   * The first of those that it thinks fastest with our precision, whose bits do not change and
   * whose workspace suffices; null if there is none. The descriptor is set to its kind of
   * arithmetic.
   */
  private @Nullable Integer algorithm(Product product, long[] tensors, long conv) {
    String about = "cudnnGetConvolution" + product.word;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      MemorySegment found = arena.allocate(ALGORITHMS * PERFORMANCE, 8);
      if (!supported(
          about + "Algorithm_v7",
          handle,
          tensors[0],
          tensors[1],
          conv,
          tensors[2],
          ALGORITHMS,
          count,
          found)) {
        return null;
      }
      MemorySegment needed = arena.allocate(JAVA_LONG);
      for (int i = 0; i < count.get(JAVA_INT, 0); i++) {
        MemorySegment each = found.asSlice((long) i * PERFORMANCE, PERFORMANCE);
        int algorithm = each.get(JAVA_INT, 0);
        int status = each.get(JAVA_INT, 4);
        int math = each.get(JAVA_INT, 28);
        if (status != 0 || each.get(JAVA_INT, 24) != DETERMINISTIC || !tf32 && math != FMA_MATH) {
          continue;
        }
        library.call("cudnnSetConvolutionMathType", conv, math);
        boolean known =
            supported(
                about + "WorkspaceSize",
                handle,
                tensors[0],
                tensors[1],
                conv,
                tensors[2],
                algorithm,
                needed);
        if (known && needed.get(JAVA_LONG, 0) <= bytes()) {
          return algorithm;
        }
      }
      return null;
    }
  }

  /** Calls a function; returns whether it has an answer. */
  private boolean supported(String function, Object... arguments) {
    int status = library.status(function, arguments);
    if (status / 1000 == NOT_SUPPORTED) {
      return false;
    }
    library.check(function, status);
    return true;
  }

  @Override
  public void close() {
    for (Descriptor each : descriptors) {
      library.status("cudnnDestroy" + each.kind + "Descriptor", each.address);
    }
    library.status("cudnnDestroy", handle);
  }
}
