//! The blocks of a segment: how one lies on disk, and beside it how it reads when it is opened. When the key goes
//! the opened side is the refusal. What is in a file comes from the engine's thread; this is what is shown of it.

pub mod view;

use bytes::Bytes;

use crate::console::app::{App, Ctx, Effect};
use crate::console::blades::Blade;
use crate::engine::ids::{AekId, Revision, SegmentId};
use crate::engine::{Actor, Refusal};
use crate::runtime::Peek;

/// One block, as it was at the last look.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    pub segment: SegmentId,
    pub number: u64,
    /// How many blocks the segment has.
    pub blocks: u64,
    pub aek: AekId,
    pub sealed: Bytes,
    pub opened: Result<Bytes, Refusal>,
}

/// What was asked for: which block, by whom, in which world.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    segment: SegmentId,
    number: u64,
    revision: Revision,
    actor: Actor,
}

/// The block a page shows.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    pub number: u64,
    asked: Option<Asked>,
    pub looked: Option<Result<Looked, String>>,
}

impl Looked {
    pub fn new(segment: SegmentId, peek: Peek) -> Looked {
        Looked {
            segment,
            number: peek.number,
            blocks: peek.header.blocks(),
            aek: peek.header.label.aek,
            sealed: peek.sealed,
            opened: peek.opened,
        }
    }
}

impl Blocks {
    /// The last look, if it was at this segment.
    pub fn of(&self, segment: SegmentId) -> Option<&Looked> {
        let looked = self.looked.as_ref()?.as_ref().ok()?;
        (looked.segment == segment).then_some(looked)
    }

    /// To the next block or the one before.
    pub fn turn(&mut self, segment: SegmentId, forward: bool) -> bool {
        let last = self.of(segment).map_or(0, |l| l.blocks.saturating_sub(1));
        let to = match forward {
            true => (self.number + 1).min(last),
            false => self.number.saturating_sub(1),
        };
        std::mem::replace(&mut self.number, to) != to
    }
}

impl App {
    /// What the top page wants from the files and does not have yet: a block is looked at again whenever the
    /// world moves on, so that it shows what anybody could read now.
    pub fn wants(&mut self, ctx: &Ctx) -> Vec<Effect> {
        let Blade::Blocks(segment) = self.page().blade else {
            return Vec::new();
        };
        let blocks = &mut self.blocks;
        if blocks
            .looked
            .as_ref()
            .is_some_and(|l| l.as_ref().is_ok_and(|l| l.segment != segment))
        {
            *blocks = Blocks::default();
        }
        let wanted = Asked {
            segment,
            number: blocks.number,
            revision: ctx.world.revision,
            actor: self.actor.clone(),
        };
        if blocks.asked.as_ref() == Some(&wanted) {
            return Vec::new();
        }
        blocks.asked = Some(wanted);
        vec![Effect::Peek {
            actor: self.actor.clone(),
            segment,
            block: blocks.number,
        }]
    }
}
