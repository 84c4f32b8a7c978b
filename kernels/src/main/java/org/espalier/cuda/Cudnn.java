package org.espalier.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private static final int CORRELATION = 1;
  private static final int DEFAULT_MATH = 0;
  private static final int FMA_MATH = 3;
  private static final int DETERMINISTIC = 1;
  private static final int NOT_SUPPORTED = 3; // thousands

  /** As many algorithms as there are. */
  private static final int MOST = 8;

  /** Bytes of what it says of an algorithm: cudnnConvolutionFwdAlgoPerf_t and its like. */
  private static final long PERFORMANCE = 48;

  private final Launch launch;
  private final Queue queue;
  private final CudaBuffer workspace;
  private final boolean tf32;
  private final NativeLibrary library;
  private final long handle;
  private final Map<Product, Plans<Integer>> numbers = new EnumMap<>(Product.class);
  private final List<Runnable> descriptors = new ArrayList<>(); // how to be rid of them

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
    return number(conv, product) != null;
  }

  /** c (+)= that, of a and b in the order of their {@link Product}; all start at 16 bytes. */
  void run(Conv conv, Product product, Buffer a, Buffer b, Buffer c, boolean add) {
    int number = Objects.requireNonNull(number(conv, product));
    launch.begin().reads(a).reads(b).writes(c).bool(add).call(number);
  }

  private @Nullable Integer number(Conv conv, Product product) {
    return numbers
        .computeIfAbsent(product, first -> new Plans<>())
        .of(List.of(conv), 4, () -> plan(conv, product));
  }

  private long bytes() {
    return 4L * workspace.size();
  }

  /** Makes that known to the queue; null if no algorithm will do. */
  private @Nullable Integer plan(Conv c, Product product) {
    long x = tensor(c.n(), c.in(), c.h(), c.w());
    long y = tensor(c.n(), c.out(), c.outH(), c.outW());
    long w = descriptor("Filter");
    library.call("cudnnSetFilter4dDescriptor", w, FLOAT, NHWC, c.out(), c.in(), c.kh(), c.kw());
    long conv = descriptor("Convolution");
    Object[] geometry = {
      conv, c.pad(), c.pad(), c.stride(), c.stride(), c.dilation(), c.dilation(), CORRELATION, FLOAT
    };
    library.call("cudnnSetConvolution2dDescriptor", geometry);
    library.call("cudnnSetConvolutionGroupCount", conv, 1);
    library.call("cudnnSetConvolutionMathType", conv, tf32 ? DEFAULT_MATH : FMA_MATH);
    long[] t =
        switch (product) {
          case FORWARD -> new long[] {x, w, y};
          case INPUT -> new long[] {w, y, x};
          case WEIGHT -> new long[] {x, y, w};
        };
    Integer algorithm = algorithm("cudnnGetConvolution" + product.word, t, conv);
    return algorithm == null ? null : add("cudnnConvolution" + product.word, t, conv, algorithm);
  }

  private int add(String function, long[] t, long conv, int algorithm) {
    return queue.add(
        function,
        (arguments, at) ->
            library.call(
                function,
                handle,
                NativeLibrary.factor(true),
                t[0],
                arguments.getLong(at),
                t[1],
                arguments.getLong(at + 8),
                conv,
                algorithm,
                CudaBuffer.address(workspace),
                bytes(),
                NativeLibrary.factor(arguments.getInt(at + 24) != 0),
                t[2],
                arguments.getLong(at + 16)));
  }

  private long tensor(int n, int channels, int h, int w) {
    long tensor = descriptor("Tensor");
    library.call("cudnnSetTensor4dDescriptor", tensor, NHWC, FLOAT, n, channels, h, w);
    return tensor;
  }

  private long descriptor(String kind) {
    long made = library.create("cudnnCreate" + kind + "Descriptor");
    descriptors.add(() -> library.status("cudnnDestroy" + kind + "Descriptor", made));
    return made;
  }

  /**
   * The first of those that it thinks fastest with our precision, whose bits do not change and
   * whose workspace suffices; null if there is none. The convolution is set to its arithmetic.
   */
  private @Nullable Integer algorithm(String about, long[] t, long conv) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment n = arena.allocate(JAVA_INT);
      MemorySegment found = arena.allocate(MOST * PERFORMANCE, 8);
      MemorySegment needed = arena.allocate(JAVA_LONG);
      boolean any = has(about + "Algorithm_v7", handle, t[0], t[1], conv, t[2], MOST, n, found);
      for (int i = 0; any && i < n.get(JAVA_INT, 0); i++) {
        MemorySegment each = found.asSlice(i * PERFORMANCE, PERFORMANCE);
        int algorithm = each.get(JAVA_INT, 0);
        int status = each.get(JAVA_INT, 4);
        int determinism = each.get(JAVA_INT, 24);
        int math = each.get(JAVA_INT, 28);
        if (status == 0 && determinism == DETERMINISTIC && (tf32 || math == FMA_MATH)) {
          library.call("cudnnSetConvolutionMathType", conv, math);
          String size = about + "WorkspaceSize";
          if (has(size, handle, t[0], t[1], conv, t[2], algorithm, needed)
              && needed.get(JAVA_LONG, 0) <= bytes()) {
            return algorithm;
          }
        }
      }
      return null;
    }
  }

  /** Calls a function; returns whether it supports what it is asked for. */
  private boolean has(String function, Object... arguments) {
    int status = library.status(function, arguments);
    if (status / 1000 != NOT_SUPPORTED) {
      library.check(function, status);
    }
    return status == 0;
  }

  @Override
  public void close() {
    descriptors.forEach(Runnable::run);
    library.status("cudnnDestroy", handle);
  }
}
