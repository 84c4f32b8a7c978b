package org.espalier.tensor;

/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
 * easy as 1, 2, 3"). A draw is a function of (seed, stream, counter) and of nothing else: the same
 * on every device, independent of threads and order, and a resumed run continues bit for bit.
 *
 * <p>Draws of one kind use one stream; {@link #split} derives a stream that is independent of it.
 *
 * @param seed the seed of the run
 * @param stream what the draws are for
 */
public record Rng(long seed, long stream) {
  private static final int M0 = 0xD2511F53;
  private static final int M1 = 0xCD9E8D57;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final float TWO_POW_MINUS_24 = 0x1p-24f;

  /** The first stream of a seed. */
  public static Rng of(long seed) {
    return new Rng(seed, 0);
  }

  /** A stream derived from this one and {@code id}, independent of it and of those of other ids. */
  public Rng split(long id) {
    int[] block = philox((int) id, (int) (id >>> 32), (int) stream, (int) (stream >>> 32), ~seed);
    return new Rng(seed, Integer.toUnsignedLong(block[0]) | ((long) block[1] << 32));
  }

  /**
   * A stream derived from this one and a name (FNV-1a), so that the order of creation is
   * irrelevant.
   */
  public Rng split(String name) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
    }
    return split(hash);
  }

  /** 32 random bits. */
  public int bits(long counter) {
    return block(counter >>> 2)[(int) (counter & 3)];
  }

  /** Uniform in [0, 1), 24 bits. */
  public float uniform(long counter) {
    return (bits(counter) >>> 8) * TWO_POW_MINUS_24;
  }

  /** Uniform in (0, 1), 53 bits: safe to take a logarithm of. */
  public double uniformOpen(long counter) {
    int[] b = block(counter);
    return open(b[0], b[1]);
  }

  /** Uniform integer in [0, bound). */
  public int below(long counter, int bound) {
    return (int) ((Integer.toUnsignedLong(bits(counter)) * bound) >>> 32);
  }

  /** Standard normal (Box-Muller; one block of the generator for each counter). */
  public float normal(long counter) {
    int[] b = block(counter);
    double radius = Math.sqrt(-2 * Math.log(open(b[0], b[1])));
    return (float) (radius * Math.cos(2 * Math.PI * open(b[2], b[3])));
  }

  /** Standard Gumbel, {@code -log(-log u)}. */
  public float gumbel(long counter) {
    return (float) -Math.log(-Math.log(uniformOpen(counter)));
  }

  /** A random permutation of 0 .. n-1 (Fisher-Yates). */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = below(i, i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * The four words of block {@code index}: Philox of (index, stream) under the key {@code seed}.
   */
  int[] block(long index) {
    return philox((int) index, (int) (index >>> 32), (int) stream, (int) (stream >>> 32), seed);
  }

  private static double open(int low, int high) {
    long mantissa = (Integer.toUnsignedLong(high) << 21) ^ (low >>> 11);
    return ((mantissa & ((1L << 53) - 1)) + 0.5) * 0x1p-53;
  }

  static int[] philox(int c0, int c1, int c2, int c3, long key) {
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < 10; round++) {
      long p0 = Integer.toUnsignedLong(M0) * Integer.toUnsignedLong(c0);
      long p1 = Integer.toUnsignedLong(M1) * Integer.toUnsignedLong(c2);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    return new int[] {c0, c1, c2, c3};
  }
}
