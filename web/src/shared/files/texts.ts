import type { Texts } from '@/shared/i18n/pairs'

export const filesTexts: Texts = {
  files: {
    title: ['附件', 'Files'],
    add: ['添加附件', 'Add files'],
    camera: ['拍照', 'Take a photo'],
    hint: ['可拖入或粘贴；图片、录音、视频、文档，单个不超过 {size}，最多 {n} 个', 'Drop or paste; pictures, sound, video, documents; {size} each, {n} at most'],
    drop: ['松开即可上传', 'Drop to send'],
    waiting: ['网络中断，正在重试…', 'Connection lost, trying again…'],
    preparing: ['准备中…', 'Preparing…'],
    failed: ['上传失败', 'Not sent'],
    too_large: ['超过 {size}', 'Larger than {size}'],
    too_many: ['最多 {n} 个文件', 'At most {n} files'],
    remove: ['移除 {name}', 'Remove {name}'],
    retry: ['重试', 'Try again'],
    open: ['查看 {name}', 'Show {name}'],
    save: ['下载', 'Download'],
    previous: ['上一个', 'Previous'],
    next: ['下一个', 'Next'],
    of: ['第 {n} 个，共 {total} 个', '{n} of {total}'],
    from_citizen: ['市民上传', 'From the citizen'],
    position: ['拍摄位置 {lng}, {lat}', 'Taken at {lng}, {lat}'],
    hidden: ['另有 {n} 个市民上传的附件因保密不显示', '{n} files of the citizen are kept confidential'],
    unplayable: ['浏览器无法播放此文件，请下载后打开。', 'This browser cannot play it; please download it.'],
    busy: ['附件正在上传，请稍候', 'Files are still being sent'],
  },
}
