//! Frames: only what changed, in one write, inside a synchronised update; nothing at all when nothing did.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// Where the backend writes: memory, until the frame is whole.
#[derive(Clone, Default)]
struct Page(Rc<RefCell<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Screen<W> {
    page: Page,
    backend: CrosstermBackend<Page>,
    shown: Buffer,
    next: Buffer,
    whole: bool,
    out: W,
}

impl Screen<File> {
    pub fn stdout() -> io::Result<Self> {
        Ok(Screen::new(super::out()?))
    }
}

impl<W: Write> Screen<W> {
    pub fn new(out: W) -> Self {
        let page = Page::default();
        Screen {
            backend: CrosstermBackend::new(page.clone()),
            page,
            shown: Buffer::empty(Rect::ZERO),
            next: Buffer::empty(Rect::ZERO),
            whole: true,
            out,
        }
    }

    /// The next frame is painted whole, because nobody knows what is on the screen.
    pub fn forget(&mut self) {
        self.whole = true;
    }

    /// Paints a frame and sends what changed. Returns the bytes written.
    pub fn draw(&mut self, area: Rect, paint: impl FnOnce(&mut Buffer)) -> io::Result<usize> {
        self.whole |= self.shown.area != area;
        if self.next.area != area {
            self.next.resize(area);
        }
        self.next.reset();
        paint(&mut self.next);
        if self.whole {
            self.shown = Buffer::empty(area);
        }
        let changes = self.shown.diff(&self.next);
        if changes.is_empty() && !self.whole {
            return Ok(0);
        }
        let start = |page: &Page, bytes: &[u8]| page.0.borrow_mut().extend_from_slice(bytes);
        start(&self.page, BEGIN);
        if self.whole {
            start(&self.page, CLEAR);
        }
        self.backend.draw(changes.into_iter())?;
        start(&self.page, END);
        self.whole = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        let mut bytes = self.page.0.borrow_mut();
        let sent = self.out.write_all(&bytes);
        let count = bytes.len();
        bytes.clear();
        sent.map(|()| count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    struct Counting(Vec<usize>);

    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_and_an_unchanged_frame_none() {
        let area = Rect::new(0, 0, 40, 10);
        let mut screen = Screen::new(Counting(Vec::new()));
        let hello = |buf: &mut Buffer| buf.set_string(3, 3, "hello 한국어", Style::new());
        screen.draw(area, hello).unwrap();
        assert_eq!(screen.out.0.len(), 1);
        assert_eq!(screen.draw(area, hello).unwrap(), 0);
        assert_eq!(screen.out.0.len(), 1);
        screen.forget();
        assert!(screen.draw(area, hello).unwrap() > 0);
        screen.draw(Rect::new(0, 0, 20, 5), |_| {}).unwrap();
        assert_eq!(screen.out.0.len(), 3);
    }
}
