//! What an eye makes of a colour: contrast as WCAG 2 measures it, difference as CIEDE2000 does, and what is left
//! of a colour without one kind of cones (Machado, Oliveira and Fernandes 2009, severity 1).

/// An sRGB colour.
pub type Rgb = (u8, u8, u8);

/// A colour in CIE L*a*b*, white point D65.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lab {
    pub l: f64,
    pub a: f64,
    pub b: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    Normal,
    Deuteranopia,
    Protanopia,
    Tritanopia,
}

impl Eyes {
    pub const ALL: [Eyes; 4] = [
        Eyes::Normal,
        Eyes::Deuteranopia,
        Eyes::Protanopia,
        Eyes::Tritanopia,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Eyes::Normal => "normal",
            Eyes::Deuteranopia => "deuteranopia",
            Eyes::Protanopia => "protanopia",
            Eyes::Tritanopia => "tritanopia",
        }
    }

    /// Linear RGB as these eyes have it.
    fn matrix(self) -> [[f64; 3]; 3] {
        match self {
            Eyes::Normal => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Eyes::Deuteranopia => [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
            Eyes::Protanopia => [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            Eyes::Tritanopia => [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        }
    }
}

fn linear((r, g, b): Rgb) -> [f64; 3] {
    [r, g, b].map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn times(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

fn luminance(colour: Rgb) -> f64 {
    let [r, g, b] = linear(colour);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// From 1, the same, to 21, black on white.
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The colour so far on the way from one to another, 0 to 1.
pub fn mix(from: Rgb, to: Rgb, part: f64) -> Rgb {
    let one = |a: u8, b: u8| {
        let (a, b) = (f64::from(a), f64::from(b));
        (a + (b - a) * part).round().clamp(0.0, 255.0) as u8
    };
    (one(from.0, to.0), one(from.1, to.1), one(from.2, to.2))
}

pub fn lab(colour: Rgb) -> Lab {
    seen(colour, Eyes::Normal)
}

/// A colour as these eyes see it.
pub fn seen(colour: Rgb, eyes: Eyes) -> Lab {
    const XYZ: [[f64; 3]; 3] = [
        [0.412_456_4, 0.357_576_1, 0.180_437_5],
        [0.212_672_9, 0.715_152_2, 0.072_175_0],
        [0.019_333_9, 0.119_192_0, 0.950_304_1],
    ];
    const WHITE: [f64; 3] = [0.950_47, 1.0, 1.088_83];
    let rgb = times(eyes.matrix(), linear(colour)).map(|c| c.clamp(0.0, 1.0));
    let xyz = times(XYZ, rgb);
    let f = |n: usize| {
        let t = xyz[n] / WHITE[n];
        if t > 216.0 / 24_389.0 {
            t.cbrt()
        } else {
            (24_389.0 / 27.0 * t + 16.0) / 116.0
        }
    };
    let (x, y, z) = (f(0), f(1), f(2));
    Lab {
        l: 116.0 * y - 16.0,
        a: 500.0 * (x - y),
        b: 200.0 * (y - z),
    }
}

impl Lab {
    /// How far from grey.
    pub fn chroma(self) -> f64 {
        self.a.hypot(self.b)
    }

    /// How different two colours look: below 2 hardly, from 15 on at a glance. CIEDE2000.
    pub fn difference(self, other: Lab) -> f64 {
        const FAR: f64 = 6_103_515_625.0; // 25^7
        let (one, two) = (self, other);
        let mean = f64::midpoint(one.chroma(), two.chroma()).powi(7);
        let stretch = 1.5 - 0.5 * (mean / (mean + FAR)).sqrt();
        let polar = |lab: Lab| {
            let a = lab.a * stretch;
            let hue = lab.b.atan2(a).to_degrees();
            (a.hypot(lab.b), if hue < 0.0 { hue + 360.0 } else { hue })
        };
        let ((c1, h1), (c2, h2)) = (polar(one), polar(two));
        let grey = c1 * c2 == 0.0;
        // The short way round.
        let turn = match h2 - h1 {
            _ if grey => 0.0,
            d if d > 180.0 => d - 360.0,
            d if d < -180.0 => d + 360.0,
            d => d,
        };
        let hue = if grey { h1 + h2 } else { h1 + turn / 2.0 };
        let (dl, dc) = (two.l - one.l, c2 - c1);
        let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
        let (l, c) = (f64::midpoint(one.l, two.l), f64::midpoint(c1, c2));
        let cos = |degrees: f64| degrees.to_radians().cos();
        let t = 1.0 - 0.17 * cos(hue - 30.0) + 0.24 * cos(2.0 * hue) + 0.32 * cos(3.0 * hue + 6.0)
            - 0.20 * cos(4.0 * hue - 63.0);
        let off = (l - 50.0).powi(2);
        let sl = 1.0 + 0.015 * off / (20.0 + off).sqrt();
        let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
        let c7 = c.powi(7);
        let blue = 30.0 * (-((hue.rem_euclid(360.0) - 275.0) / 25.0).powi(2)).exp();
        let rt = -2.0 * (c7 / (c7 + FAR)).sqrt() * (2.0 * blue).to_radians().sin();
        let (l, c, h) = (dl / sl, dc / sc, dh / sh);
        (l * l + c * c + h * h + rt * c * h).max(0.0).sqrt()
    }
}

/// The smallest difference between any two of some colours, for these eyes.
pub fn nearest_pair(colours: &[Rgb], eyes: Eyes) -> Option<f64> {
    let seen: Vec<Lab> = colours.iter().map(|c| seen(*c, eyes)).collect();
    let pairs = seen
        .iter()
        .enumerate()
        .flat_map(|(n, a)| seen[n + 1..].iter().map(|b| a.difference(*b)));
    pairs.min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pairs of Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes,
    /// Supplementary Test Data, and Mathematical Observations" (2005), table 1.
    const SHARMA: [([f64; 3], [f64; 3], f64); 34] = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 3.1571, -77.2803], [50.0, 0.0, -82.7485], 2.8615),
        ([50.0, 2.8361, -74.0200], [50.0, 0.0, -82.7485], 3.4412),
        ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, -1.1848, -84.8006], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, -0.9009, -85.5211], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, -1.0, 2.0], [50.0, 0.0, 0.0], 2.3669),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0009], 7.1792),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0010], 7.1792),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0011], 7.2195),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0012], 7.2195),
        ([50.0, -0.0010, 2.4900], [50.0, 0.0009, -2.4900], 4.8045),
        ([50.0, -0.0010, 2.4900], [50.0, 0.0010, -2.4900], 4.8045),
        ([50.0, -0.0010, 2.4900], [50.0, 0.0011, -2.4900], 4.7461),
        ([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977),
        ([50.0, 2.5, 0.0], [56.0, -27.0, -3.0], 31.9030),
        ([50.0, 2.5, 0.0], [58.0, 24.0, 15.0], 19.4535),
        ([50.0, 2.5, 0.0], [50.0, 3.1736, 0.5854], 1.0000),
        ([50.0, 2.5, 0.0], [50.0, 3.2972, 0.0], 1.0000),
        ([50.0, 2.5, 0.0], [50.0, 1.8634, 0.5757], 1.0000),
        ([50.0, 2.5, 0.0], [50.0, 3.2592, 0.3350], 1.0000),
        (
            [60.2574, -34.0099, 36.2677],
            [60.4626, -34.1751, 39.4387],
            1.2644,
        ),
        (
            [63.0109, -31.0961, -5.8663],
            [62.8187, -29.7946, -4.0864],
            1.2630,
        ),
        (
            [61.2901, 3.7196, -5.3901],
            [61.4292, 2.2480, -4.9620],
            1.8731,
        ),
        (
            [35.0831, -44.1164, 3.7933],
            [35.0232, -40.0716, 1.5901],
            1.8645,
        ),
        (
            [22.7233, 20.0904, -46.6940],
            [23.0331, 14.9730, -42.5619],
            2.0373,
        ),
        (
            [36.4612, 47.8580, 18.3852],
            [36.2715, 50.5065, 21.2231],
            1.4146,
        ),
        (
            [90.8027, -2.0831, 1.4410],
            [91.1528, -1.6435, 0.0447],
            1.4441,
        ),
        (
            [90.9257, -0.5406, -0.9208],
            [88.6381, -0.8985, -0.7239],
            1.5381,
        ),
        (
            [6.7747, -0.2908, -2.4247],
            [5.8714, -0.0985, -2.2286],
            0.6377,
        ),
        (
            [2.0776, 0.0795, -1.1350],
            [0.9033, -0.0636, -0.5514],
            0.9082,
        ),
    ];

    #[test]
    fn differences_are_those_of_the_published_pairs() {
        let lab = |[l, a, b]: [f64; 3]| Lab { l, a, b };
        for (one, two, published) in SHARMA {
            let (one, two) = (lab(one), lab(two));
            for measured in [one.difference(two), two.difference(one)] {
                assert!(
                    (measured - published).abs() < 0.000_05,
                    "{one:?} {two:?}: {measured} for {published}"
                );
            }
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let white = (255, 255, 255);
        assert!((contrast(white, (0, 0, 0)) - 21.0).abs() < 1e-9);
        // The lightest grey that WCAG lets stand as text on white.
        assert!((contrast(white, (0x76, 0x76, 0x76)) - 4.54).abs() < 0.005);
        assert!((contrast((0x77, 0x77, 0x77), white) - 4.48).abs() < 0.005);
    }

    #[test]
    fn lab_is_that_of_the_primaries() {
        for (rgb, [l, a, b]) in [
            ((255, 255, 255), [100.0, 0.0, 0.0]),
            ((0, 0, 0), [0.0, 0.0, 0.0]),
            ((255, 0, 0), [53.24, 80.09, 67.20]),
            ((0, 255, 0), [87.74, -86.18, 83.18]),
            ((0, 0, 255), [32.30, 79.19, -107.86]),
        ] {
            let lab = lab(rgb);
            for (is, should) in [(lab.l, l), (lab.a, a), (lab.b, b)] {
                assert!((is - should).abs() < 0.02, "{rgb:?}: {lab:?}");
            }
        }
    }

    #[test]
    fn who_lacks_cones_sees_white_as_white_and_loses_what_they_told_apart() {
        for eyes in Eyes::ALL {
            let white = seen((255, 255, 255), eyes);
            assert!(white.chroma() < 0.1 && white.l > 99.9, "{eyes:?} {white:?}");
        }
        // Vermilion and green, the pair that reads as one.
        let pair = [(0xd5, 0x5e, 0x00), (0x6b, 0x8e, 0x23)];
        let apart = |eyes| nearest_pair(&pair, eyes).unwrap();
        assert!(apart(Eyes::Normal) > 35.0);
        assert!(apart(Eyes::Deuteranopia) < 15.0);
        assert!(apart(Eyes::Tritanopia) > 30.0);
        assert_eq!(nearest_pair(&pair[..1], Eyes::Normal), None);
    }
}
